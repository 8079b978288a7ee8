package io.tensorbridge.train.worker;

import java.util.function.Consumer;

/** Trains as one worker of several, in this process. */
public final class Worker {

    private Worker() {}

    /**
     * The process: reads a {@link WorkerTask} from its standard input, writes {@link WorkerEvent}s to its standard output, as Java
     * objects, and ends with its input, whenever that ends. All else that is printed goes to the standard error.
     */
    @SuppressWarnings("DoNotCallSuggester") // under construction
    public static void main(String[] arguments) {
        throw new UnsupportedOperationException();
    }

    /** Trains; whatever fails is an event too. */
    @SuppressWarnings("DoNotCallSuggester") // under construction
    static void run(WorkerTask task, Consumer<WorkerEvent> events) {
        throw new UnsupportedOperationException();
    }
}
