package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.RunException;
import io.tensorbridge.train.graph.StepGraph;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Trains as one worker of several. */
public final class Worker {

    private Worker() {}

    /**
     * The process: reads a {@link WorkerTask} from its standard input, writes {@link WorkerEvent}s to its standard output, as Java
     * objects, and ends with its input, whenever that ends. All else that is printed goes to the standard error.
     */
    public static void main(String[] arguments) {
        System.setOut(System.err); // whoever prints would break the stream of events
        int code = 1;
        try {
            work();
            code = 0;
        } catch (IOException | ClassNotFoundException | RuntimeException | Error e) {
            e.printStackTrace(System.err); // the parent shows the last lines
        } finally {
            Runtime.getRuntime().halt(code); // a server of TensorFlow's cannot be stopped
        }
    }

    private static void work() throws IOException, ClassNotFoundException {
        var out = new ObjectOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        var in = new ObjectInputStream(System.in);
        var task = (WorkerTask) in.readObject();
        var watch = new Thread(() -> endWith(in), "tensorbridge-parent-watch");
        watch.setDaemon(true);
        watch.start();
        run(task, event -> {
            try {
                out.writeObject(event);
                out.reset(); // so that nothing is remembered
                out.flush();
            } catch (IOException e) { // nobody listens any more
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Ends the process when its parent has closed the pipe, or is no more. */
    private static void endWith(ObjectInputStream in) {
        try {
            while (in.read() >= 0) {
                // nothing more is said
            }
        } catch (IOException e) {
            System.err.println("The parent is gone: " + e);
        }
        Runtime.getRuntime().halt(1);
    }

    /** Trains; whatever fails is an event too. */
    static void run(WorkerTask task, Consumer<WorkerEvent> events) {
        try {
            TrainingSession.load();
            TrainingSettings settings = task.settings();
            StepGraph graph =
                    StepGraph.of(task.program(), settings.rule(), task.rank(), task.workers(), settings.stepSeconds());
            String directory = task.checkpoint();
            Checkpoint checkpoint = directory == null ? null : Checkpoint.readState(Path.of(directory));
            if (checkpoint != null) {
                checkpoint.check(String.valueOf(directory), task.program(), settings, task.rowsOf());
            }
            try (var session =
                    TrainingSession.open(graph.graphDef(), task.rank(), task.addresses(), settings.threads())) {
                run(task, graph, session, checkpoint, events);
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            events.accept(failed(e, /* step= */ 0));
        }
    }

    /** Says how it ended before the session is closed, for after a failure of the others that may take long. */
    private static void run(
            WorkerTask task,
            StepGraph graph,
            TrainingSession session,
            @Nullable Checkpoint checkpoint,
            Consumer<WorkerEvent> events) {
        TrainingLoop loop = null;
        WorkerEvent end;
        try {
            loop = new TrainingLoop(task, graph, session, events);
            loop.begin(checkpoint);
            end = loop.run();
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            end = failed(e, loop == null ? 0 : loop.step());
        }
        events.accept(end);
    }

    private static Failed failed(Throwable e, long step) {
        if (e instanceof RunException failure) {
            return new Failed(Failed.Kind.valueOf(failure.kind().name()), step, String.valueOf(e.getMessage()));
        } else if (e instanceof IllegalArgumentException
                || e instanceof ProgramException
                || e instanceof NotFiniteException) {
            return new Failed(Failed.Kind.PROGRAM, step, String.valueOf(e.getMessage()));
        } else if (e instanceof OutOfMemoryError) {
            return new Failed(
                    Failed.Kind.MACHINE,
                    step,
                    "its Java heap was too small (%s). Raise it with workerHeap(…)".formatted(e.getMessage()));
        }
        return new Failed(Failed.Kind.MACHINE, step, e.toString());
    }
}
