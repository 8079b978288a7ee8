package io.tensorbridge.internal.run;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.internal.bind.BoundProgram;
import io.tensorbridge.internal.bind.RunSettings;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SessionOptions;
import java.io.File;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A program on its way to executors: what a task needs to find its session, or to load it.
 *
 * @param sessionKey which session runs it; see {@link Program#sessionKey}
 * @param broadcast the program, shipped apart from the task
 * @param threads how many threads one operation of TensorFlow may use
 * @param settings what the configuration says of running it
 */
public record ShippedProgram(String sessionKey, Broadcast<Program> broadcast, int threads, RunSettings settings)
        implements Serializable {

    /** Ships a program, unless it is with the executors already. */
    public static ShippedProgram of(SparkContext context, BoundProgram bound) {
        Program program = bound.program();
        return new ShippedProgram(
                program.sessionKey(),
                ProgramBroadcasts.of(context, program),
                context.conf().getInt("spark.task.cpus", 1),
                bound.settings());
    }

    /** Returns which session runs it in a task. */
    SessionEntry.Key key(TaskContext task) {
        SessionOptions options = SessionOptions.onCallingThread(threads).runLimit(settings.runLimit());
        return new SessionEntry.Key(sessionKey, TaskDevice.on(options, settings.device(), task.resourcesJMap()));
    }

    /** Returns how much the executor is to keep of idle sessions. */
    IdleLimits idleLimits() {
        return new IdleLimits(settings.idleSessions(), settings.idleSessionBytes());
    }

    /** Returns the program, whose long files are fetched when they are read. */
    Program program() {
        return broadcast.value();
    }

    /** Returns the program for a session to load: its files are written where Spark keeps its own. */
    Program programToLoad() {
        File blocks = SparkEnv.get().blockManager().diskBlockManager().localDirs()[0];
        PrivateDirectory.placeBelow(
                requireNonNull(blocks.toPath().toAbsolutePath().getParent(), "Spark keeps blocks in a directory's own"),
                "spark.local.dir");
        return program();
    }
}
