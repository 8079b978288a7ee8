package io.tensorbridge.internal.run;

import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SessionOptions;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A program on its way to executors: what a task needs to find its session, or to load it.
 *
 * @param sessionKey which session runs it; see {@link Program#sessionKey}
 * @param broadcast the program, shipped apart from the task
 * @param options how its session runs
 */
public record ShippedProgram(String sessionKey, Broadcast<Program> broadcast, SessionOptions options)
        implements Serializable {

    /** Ships a program, unless it is with the executors already. */
    public static ShippedProgram of(SparkContext context, BoundProgram bound) {
        Program program = bound.program();
        return new ShippedProgram(
                program.sessionKey(),
                ProgramBroadcasts.of(context, program),
                SessionOptions.onCallingThread(context.conf().getInt("spark.task.cpus", 1))
                        .runLimit(bound.runLimit()));
    }

    Program program() {
        return broadcast.value();
    }
}
