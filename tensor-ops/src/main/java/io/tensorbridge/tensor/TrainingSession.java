package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DATA_LOSS;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_INVALID_ARGUMENT;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_Message;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NOT_FOUND;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OUT_OF_RANGE;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_PERMISSION_DENIED;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_RESOURCE_EXHAUSTED;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorByteSize;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorType;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_UNIMPLEMENTED;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Server;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.ServerDef;

/**
 * A session that keeps variables, alone or as one of several workers that sum with each other.
 *
 * <p>What is fed is copied into tensors of TensorFlow's own, for variables may hold on to it. Belongs to one thread.
 *
 * <p>With several workers this process serves the others as well, through TensorFlow's own server, which cannot be stopped: it
 * ends with the process.
 */
public final class TrainingSession implements AutoCloseable {

    private static final String WHAT = "Cannot train";
    private static final Pattern WHERE_AND_WHAT_ELSE = Pattern.compile(
            "^From /job:\\S+ |\\.?( Additional GRPC error information| The error could be from).*$|\\.$",
            Pattern.DOTALL);
    private static final long LARGEST_PIECE = 1 << 30;
    private static final Set<Integer> OF_MACHINES =
            Set.of(TF_RESOURCE_EXHAUSTED, TF_NOT_FOUND, TF_PERMISSION_DENIED, TF_DATA_LOSS);

    private final NativeSession session;
    private final TF_Status status = TF_NewStatus();
    private final List<Run> runs = new ArrayList<>();
    private final boolean alone;
    private boolean closed;

    private TrainingSession(NativeSession session, boolean alone) {
        this.session = session;
        this.alone = alone;
    }

    /** A failure, by whose it is. */
    public static final class RunException extends RuntimeException {

        /** Whose failure it is. */
        public enum Kind {
            /** The graph's, or that of what it is fed. */
            PROGRAM,
            /** Another worker's. */
            PEER,
            /** The machine's: no memory, no port, a file that is not there or not whole. */
            MACHINE
        }

        private final Kind kind;

        RunException(Kind kind, String message) {
            super(message);
            this.kind = kind;
        }

        public Kind kind() {
            return kind;
        }
    }

    /**
     * Loads TensorFlow if this process has not done so yet; before anything of TensorFlow Java's does, which knows less of where to
     * unpack what is native.
     *
     * @throws ProgramException if it does not load
     */
    public static void load() {
        TensorFlowRuntime.load();
    }

    /**
     * Opens a session.
     *
     * @param graph what it runs
     * @param rank which worker this is, from 0
     * @param addresses {@code host:port} of all workers; of no effect for one alone
     * @param threads how many threads an operation may use
     * @throws RunException if there is no such port to serve at
     * @throws ProgramException if TensorFlow does not import the graph
     */
    public static TrainingSession open(GraphDef graph, int rank, List<String> addresses, int threads) {
        TensorFlowRuntime.load();
        boolean alone = addresses.size() <= 1;
        var config = ConfigProto.newBuilder().setIntraOpParallelismThreads(threads);
        String target = "";
        if (alone) {
            config.setInterOpParallelismThreads(-1); // on the calling thread
        } else {
            config.addDeviceFilters("/job:worker/task:" + rank)
                    .getExperimentalBuilder()
                    .setCollectiveGroupLeader("/job:worker/replica:0/task:0");
            serve(rank, addresses, config.build());
            target = "grpc://" + addresses.get(rank);
        }
        return new TrainingSession(
                NativeSession.ofGraph(WHAT, ProtoBytes.of(graph), config.build().toByteArray(), target), alone);
    }

    private static void serve(int rank, List<String> addresses, ConfigProto config) {
        var job = JobDef.newBuilder().setName("worker");
        for (int i = 0; i < addresses.size(); i++) {
            job.putTasks(i, addresses.get(i));
        }
        try {
            new Server(ServerDef.newBuilder()
                            .setCluster(ClusterDef.newBuilder().addJob(job))
                            .setJobName("worker")
                            .setTaskIndex(rank)
                            .setProtocol("grpc")
                            .setDefaultSessionConfig(config)
                            .build())
                    .start();
        } catch (TensorFlowException | IllegalStateException e) {
            throw new RunException(
                    RunException.Kind.MACHINE,
                    "Cannot train: expected to serve the other workers at %s, found that it cannot (%s)"
                            .formatted(addresses.get(rank), NativeSession.clamped(String.valueOf(e.getMessage()))));
        }
    }

    /**
     * A tensor that is fed.
     *
     * @param name {@code operation:index}
     * @param type the type of its elements
     */
    public record Fed(String name, DataType type) {}

    /**
     * Prepares a run, which is closed with the session.
     *
     * @param feeds what is fed
     * @param fetch the tensor that is fetched, of floats; null for none
     * @param target the operation that is run; null for none
     */
    public Run prepare(List<Fed> feeds, @Nullable String fetch, @Nullable String target) {
        var run = new Run(feeds, fetch, target);
        runs.add(run);
        return run;
    }

    /** Runs an operation that needs nothing. */
    public void run(String target) {
        once(new Run(List.of(), /* fetch= */ null, target), (type, bytes) -> {});
    }

    /**
     * Shows the elements of a tensor.
     *
     * @param tensor {@code operation:index}, of elements of fixed length
     * @param reader gets their type and the elements as they lie in memory, which are there until it returns; it is called more than
     *     once for more than {@value #LARGEST_PIECE} bytes
     */
    public void read(String tensor, BiConsumer<DataType, ByteBuffer> reader) {
        once(new Run(List.of(), tensor, /* target= */ null), reader);
    }

    private static ByteBuffer view(long address, long bytes) {
        return new BytePointer(new NativeTensors.Address(address, bytes))
                .asByteBuffer()
                .order(ByteOrder.nativeOrder());
    }

    private static void once(Run run, BiConsumer<DataType, ByteBuffer> reader) {
        try {
            run.read(reader);
        } finally {
            run.close();
        }
    }

    /** One way to run the graph, with all that it takes prepared. */
    public final class Run {

        private final List<ElementType> types = new ArrayList<>();
        private final @Nullable TF_Tensor[] tensors;
        private final TF_Output fedOutputs;
        private final PointerPointer<TF_Tensor> fed;
        private final @Nullable TF_Output fetchedOutput;
        private final PointerPointer<TF_Tensor> fetched = new PointerPointer<>(1);
        private final @Nullable PointerPointer<TF_Operation> targets;
        private final LongPointer dims = new LongPointer(ColumnValues.MOST_DIMENSIONS);

        private Run(List<Fed> feeds, @Nullable String fetch, @Nullable String target) {
            tensors = new TF_Tensor[feeds.size()];
            fedOutputs = new TF_Output(Math.max(1, feeds.size()));
            fed = new PointerPointer<>(Math.max(1, feeds.size()));
            fetchedOutput = fetch == null ? null : new TF_Output(1);
            targets = target == null ? null : new PointerPointer<>(1);
            try {
                find(feeds, fetch, target);
            } catch (RuntimeException e) {
                close();
                throw e;
            }
        }

        private void find(List<Fed> feeds, @Nullable String fetch, @Nullable String target) {
            for (int i = 0; i < feeds.size(); i++) {
                types.add(ElementType.of(feeds.get(i).type())
                        .orElseThrow(() -> new IllegalArgumentException("Cannot feed " + feeds)));
                put(fedOutputs.position(i), feeds.get(i).name());
            }
            fedOutputs.position(0);
            if (fetchedOutput != null) {
                put(fetchedOutput, String.valueOf(fetch));
            }
            if (targets != null) {
                targets.put(0, session.operation(WHAT, String.valueOf(target)));
            }
        }

        private void put(TF_Output output, String tensor) {
            int colon = tensor.lastIndexOf(':');
            output.oper(session.operation(WHAT, tensor.substring(0, colon)))
                    .index(Integer.parseInt(tensor.substring(colon + 1)));
        }

        /**
         * Makes the tensor of a feed, for the next run alone.
         *
         * @param feed which, in the order in which they were given
         * @param bytes how many bytes its elements have, at most 2 GiB
         * @param shape its shape
         * @return where to write the elements before the run, in the order of bytes of this machine
         */
        public ByteBuffer feed(int feed, long bytes, long... shape) {
            if (bytes > Integer.MAX_VALUE) { // a buffer would show a part of them
                throw new IllegalArgumentException(
                        "Cannot feed %d bytes: expected %d at most".formatted(bytes, Integer.MAX_VALUE));
            }
            discard(feed);
            TF_Tensor tensor = NativeTensors.allocate(types.get(feed), shape, bytes, dims);
            put(feed, tensor);
            return view(NativeTensors.addressOf(tensor), bytes);
        }

        /** Makes the tensor of a feed of one string, for the next run alone. */
        public void feed(int feed, String value) {
            discard(feed);
            put(feed, StringTensors.scalar(value.getBytes(StandardCharsets.UTF_8), dims));
        }

        private void put(int feed, TF_Tensor tensor) {
            tensors[feed] = tensor;
            fed.put(feed, tensor);
        }

        private void discard(int feed) {
            TF_Tensor tensor = tensors[feed];
            if (tensor != null) {
                tensors[feed] = null;
                NativeTensors.delete(tensor);
            }
        }

        /**
         * Runs.
         *
         * @return the elements of the tensor that is fetched; none if there is none
         * @throws RunException if it fails
         */
        public float[] run() {
            List<float[]> values = new ArrayList<>(1);
            read((type, bytes) -> {
                var floats = new float[bytes.remaining() / Float.BYTES];
                bytes.asFloatBuffer().get(floats);
                values.add(floats);
            });
            return values.isEmpty() ? new float[0] : values.get(0);
        }

        private void read(BiConsumer<DataType, ByteBuffer> reader) {
            for (int i = 0; i < tensors.length; i++) {
                if (tensors[i] == null) { // native code would read from nowhere
                    throw new IllegalStateException("Feed %d has no value".formatted(i));
                }
            }
            try {
                TF_SessionRun(
                        session.handle(),
                        /* run_options= */ (TF_Buffer) null,
                        fedOutputs,
                        fed,
                        tensors.length,
                        fetchedOutput,
                        fetched,
                        fetchedOutput == null ? 0 : 1,
                        targets,
                        targets == null ? 0 : 1,
                        /* run_metadata= */ null,
                        status);
                check();
            } finally {
                for (int i = 0; i < tensors.length; i++) {
                    discard(i);
                }
            }
            if (fetchedOutput != null) {
                TF_Tensor tensor = fetched.get(TF_Tensor.class, 0);
                try {
                    DataType type = DataType.forNumber(TF_TensorType(tensor));
                    long address = NativeTensors.addressOf(tensor);
                    long bytes = TF_TensorByteSize(tensor);
                    for (long at = 0; at < bytes; at += LARGEST_PIECE) {
                        reader.accept(type, view(address + at, Math.min(LARGEST_PIECE, bytes - at)));
                    }
                } finally {
                    NativeTensors.delete(tensor);
                }
            }
        }

        private void close() {
            for (int i = 0; i < tensors.length; i++) {
                discard(i);
            }
            fedOutputs.close();
            fed.close();
            fetched.close();
            dims.close();
            if (fetchedOutput != null) {
                fetchedOutput.close();
            }
            if (targets != null) {
                targets.close();
            }
        }
    }

    private void check() {
        int code = TF_GetCode(status);
        if (code == TF_OK) {
            return;
        }
        String message = NativeSession.clamped(
                NativeSession.sentenceOf(TF_Message(status).getString(StandardCharsets.UTF_8)));
        throw new RunException(
                kindOf(code), WHERE_AND_WHAT_ELSE.matcher(message).replaceAll(""));
    }

    private RunException.Kind kindOf(int code) {
        if (OF_MACHINES.contains(code)) {
            return RunException.Kind.MACHINE;
        } else if (alone || code == TF_INVALID_ARGUMENT || code == TF_OUT_OF_RANGE || code == TF_UNIMPLEMENTED) {
            return RunException.Kind.PROGRAM;
        }
        return RunException.Kind.PEER;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            runs.forEach(Run::close);
            TF_DeleteStatus(status);
            session.close();
        }
    }
}
