package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Program;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A program on its way to executors: what a task needs to find its session, or to load it.
 *
 * @param sessionKey which session runs it; see {@link Program#sessionKey}
 * @param broadcast the program, shipped apart from the task
 * @param threads how many threads one operation of TensorFlow may use
 */
public record ShippedProgram(String sessionKey, Broadcast<Program> broadcast, int threads) implements Serializable {

    /** Ships a program, unless it is with the executors already. */
    public static ShippedProgram of(SparkContext context, Program program) {
        return new ShippedProgram(
                program.sessionKey(),
                ProgramBroadcasts.of(context, program),
                context.conf().getInt("spark.task.cpus", 1));
    }

    Program program() {
        return broadcast.value();
    }
}
