package io.tensorbridge.train.worker;

import java.util.function.Consumer;

/** Says events, and knows how long nothing has been said. Belongs to one thread. */
final class Voice {

    private static final long BREATH_NANOS = 1_000_000_000;

    private final Consumer<WorkerEvent> events;
    private long saidNanos = System.nanoTime();

    Voice(Consumer<WorkerEvent> events) {
        this.events = events;
    }

    void say(WorkerEvent event) {
        events.accept(event);
        saidNanos = System.nanoTime();
    }

    /** Says that something goes on, if nothing has been said for a second. */
    void alive() {
        if (System.nanoTime() - saidNanos > BREATH_NANOS) {
            say(new WorkerEvent.Alive());
        }
    }
}
