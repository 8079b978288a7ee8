package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent;
import java.io.Serializable;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.IsolatedThreadSafeRpcEndpoint;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.util.RpcUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Function1;
import scala.PartialFunction;
import scala.runtime.AbstractPartialFunction;
import scala.runtime.BoxedUnit;

/**
 * What workers say, brought from the tasks to the driver while training goes on, over the connections that Spark has anyway.
 *
 * <p>Only watching depends on it: what does not come through is logged, and training goes on.
 */
final class TrainingEvents implements AutoCloseable {

    private static final long END_SECONDS = 10;
    private static final Logger LOG = LoggerFactory.getLogger(TrainingEvents.class);

    private final RpcEnv rpcEnv;
    private final RpcEndpointRef endpoint;
    private final Endpoint listening;
    private final Sender sender;

    private TrainingEvents(RpcEnv rpcEnv, RpcEndpointRef endpoint, Endpoint listening, Sender sender) {
        this.rpcEnv = rpcEnv;
        this.endpoint = endpoint;
        this.listening = listening;
        this.sender = sender;
    }

    /**
     * Listens, on the driver, until this is closed.
     *
     * @param listener gets the rank of a worker and what it says, in the order in which it said it, on one thread; if it throws,
     *     that is logged
     */
    static TrainingEvents listen(BiConsumer<Integer, WorkerEvent> listener) {
        RpcEnv rpcEnv = SparkEnv.get().rpcEnv();
        String name = "tensorbridge-training-" + UUID.randomUUID();
        var listening = new Endpoint(rpcEnv, listener);
        return new TrainingEvents(rpcEnv, rpcEnv.setupEndpoint(name, listening), listening, new Sender(name));
    }

    /** Returns what sends to this, and travels to the tasks. */
    Sender sender() {
        return sender;
    }

    /** Hands on all that has come, then listens no more. */
    @Override
    public void close() {
        rpcEnv.stop(endpoint);
        try {
            if (!listening.ended.await(END_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("A listener of a training is not done with what it was told {} s ago", END_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sends what a worker says, from a task. Belongs to one thread. */
    static final class Sender implements Serializable {

        private static final long serialVersionUID = 1;

        private final String name;
        private transient boolean tried;
        private transient @Nullable RpcEndpointRef driver;

        private Sender(String name) {
            this.name = name;
        }

        /** Sends without waiting for an answer. */
        void send(int rank, WorkerEvent event) {
            RpcEndpointRef to = driver();
            if (to != null) {
                try {
                    to.send(Serialized.encode(new Said(rank, event)));
                } catch (Exception e) { // checked ones of Scala's among them, such as of a driver that listens no more
                    driver = null; // it does not begin to listen again
                    LOG.warn("Cannot tell the driver any more how far worker {} is", rank, e);
                }
            }
        }

        private @Nullable RpcEndpointRef driver() {
            if (!tried) {
                tried = true; // once: it may take minutes to find out that nobody answers
                SparkEnv env = SparkEnv.get();
                try {
                    driver = RpcUtils.makeDriverRef(name, env.conf(), env.rpcEnv());
                } catch (Exception e) { // a checked one of Scala's among them
                    LOG.warn("Cannot tell the driver how far training is: it does not answer, or listens no more", e);
                }
            }
            return driver;
        }
    }

    /** What a worker says, with its rank. */
    private record Said(int rank, WorkerEvent event) implements Serializable {}

    /** Has a thread of its own, so that a slow listener keeps nothing of Spark's waiting. */
    private static final class Endpoint implements IsolatedThreadSafeRpcEndpoint {

        private final RpcEnv rpcEnv;
        private final BiConsumer<Integer, WorkerEvent> listener;
        private final CountDownLatch ended = new CountDownLatch(1);

        Endpoint(RpcEnv rpcEnv, BiConsumer<Integer, WorkerEvent> listener) {
            this.rpcEnv = rpcEnv;
            this.listener = listener;
        }

        @Override
        public RpcEnv rpcEnv() {
            return rpcEnv;
        }

        @Override
        public PartialFunction<Object, BoxedUnit> receive() {
            return new AbstractPartialFunction<>() {
                @Override
                public boolean isDefinedAt(Object message) {
                    return message instanceof byte[];
                }

                @Override
                @SuppressWarnings("unchecked") // the bound that Scala has, and Java does not see
                public <A, B> B applyOrElse(A message, Function1<A, B> otherwise) {
                    if (message instanceof byte[] bytes) {
                        hear(bytes);
                        return (B) BoxedUnit.UNIT;
                    }
                    return otherwise.apply(message);
                }
            };
        }

        private void hear(byte[] message) {
            try {
                Said said = Serialized.decode(message, Said.class);
                listener.accept(said.rank(), said.event());
            } catch (RuntimeException e) {
                LOG.warn("A listener of a training has failed", e);
            }
        }

        @Override
        public void onStop() {
            ended.countDown();
        }
    }
}
