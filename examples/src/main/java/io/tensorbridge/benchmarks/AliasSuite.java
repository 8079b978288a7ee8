package io.tensorbridge.benchmarks;

import static io.tensorbridge.benchmarks.Comparison.print;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_AllocateTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DOUBLE;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphImportGraphDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewBufferFromString;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewImportGraphDefOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorData;

import io.tensorbridge.tensor.AlignedMemory;
import io.tensorbridge.tensor.BlockRunner;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TransferLedger;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat64;

/** One run of {@code z = x + 3}: alias in, run, wrap out, release; beside TensorFlow Java and beside the bare C API. */
final class AliasSuite {

    private static final int WARM_UPS = 10;
    private static final int ROUNDS = 11;

    private AliasSuite() {}

    static void run() {
        Program program = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return Program.outputs("z", tf.math.add(x, tf.constant(3.0)));
        });
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var allocator = AlignedMemory.newRootAllocator(Long.MAX_VALUE);
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(Fetch.of("z", ElementType.FLOAT64.field("z", 0))),
                        allocator,
                        new TransferLedger());
                var graph = graph();
                var tfJava = new Session(graph);
                var tfJavaOnCaller = new Session(
                        graph,
                        ConfigProto.newBuilder()
                                .setInterOpParallelismThreads(-1)
                                .build())) {
            against10k(runner, allocator, tfJava, tfJavaOnCaller, graph.toGraphDef());
            against1m(runner, allocator, graph.toGraphDef());
        }
    }

    private static void against10k(
            BlockRunner runner, BufferAllocator allocator, Session tfJava, Session tfJavaOnCaller, GraphDef graph) {
        int rows = 10_000;
        try (var x = column(rows, allocator);
                var tensor = TFloat64.vectorOf(values(rows))) {
            var byDefault = Comparison.inTurn(
                    WARM_UPS,
                    ROUNDS,
                    () -> micros(2_000, () -> runner.run(List.of(x)).close()),
                    () -> micros(2_000, () -> run(tfJava, tensor)));
            var onCaller = Comparison.inTurn(
                    WARM_UPS,
                    ROUNDS,
                    () -> micros(2_000, () -> runner.run(List.of(x)).close()),
                    () -> micros(2_000, () -> run(tfJavaOnCaller, tensor)));
            var bare = new BareRun(graph, -1, rows);
            var floor = Comparison.inTurn(
                    WARM_UPS,
                    ROUNDS,
                    () -> micros(2_000, () -> runner.run(List.of(x)).close()),
                    () -> micros(2_000, bare::run));
            print(
                    "alias 10k doubles: ours %.1f us, bare TF_SessionRun with inter-op -1 %.1f us",
                    floor.ours(), floor.theirs());
            print("alias 10k doubles: ours %.1f us, Session.runner() %.1f us", byDefault.ours(), byDefault.theirs());
            print(
                    "alias 10k doubles: ours %.1f us, Session.runner() with inter-op -1 %.1f us",
                    onCaller.ours(), onCaller.theirs());
            print("ratio alias-10k-inter-op-1: %.2f", onCaller.oursOverTheirs());
            print("ratio alias-10k: %.2f", byDefault.oursOverTheirs());
        }
    }

    private static void against1m(BlockRunner runner, BufferAllocator allocator, GraphDef graph) {
        int rows = 1_000_000;
        try (var x = column(rows, allocator)) {
            for (int interOp : new int[] {0, -1}) {
                var bare = new BareRun(graph, interOp, rows);
                var result = Comparison.inTurn(
                        WARM_UPS,
                        ROUNDS,
                        () -> micros(200, () -> runner.run(List.of(x)).close()),
                        () -> micros(200, bare::run));
                print(
                        "alias 1M doubles: ours %.1f us, bare TF_SessionRun with inter-op %d %.1f us",
                        result.ours(), interOp, result.theirs());
                print(
                        interOp == 0 ? "ratio alias-1m-inter-op-default: %.2f" : "ratio alias-1m: %.2f",
                        result.oursOverTheirs());
            }
        }
    }

    private static Float8Vector column(int rows, BufferAllocator allocator) {
        var x = new Float8Vector("x", allocator);
        x.allocateNew(rows);
        for (int row = 0; row < rows; row++) {
            x.set(row, row);
        }
        x.setValueCount(rows);
        return x;
    }

    private static double[] values(int rows) {
        double[] values = new double[rows];
        for (int row = 0; row < rows; row++) {
            values[row] = row;
        }
        return values;
    }

    private static Graph graph() {
        var graph = new Graph();
        Ops tf = Ops.create(graph);
        var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
        tf.withName("z").math.add(x, tf.constant(3.0));
        return graph;
    }

    private static void run(Session session, TFloat64 tensor) {
        try (Result result = session.runner().feed("x", tensor).fetch("z").run()) {
            if (result.size() != 1) {
                throw new IllegalStateException("No result");
            }
        }
    }

    /** Returns the median time of a run, in microseconds. */
    private static double micros(int runs, Runnable run) {
        double[] times = new double[runs];
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            run.run();
            times[i] = (System.nanoTime() - start) / 1e3;
        }
        return Comparison.median(times);
    }

    /** The floor: nothing but TensorFlow's own run, on a tensor that is there already. It lives as long as the process. */
    private static final class BareRun {

        private final TF_Session session;
        private final TF_Status status = TF_NewStatus();
        private final TF_Output input;
        private final TF_Output output;
        private final PointerPointer<TF_Tensor> inputValue = new PointerPointer<>(1);
        private final PointerPointer<TF_Tensor> outputValue = new PointerPointer<>(1);

        BareRun(GraphDef graphDef, int interOpThreads, int rows) {
            TF_Graph graph = TF_NewGraph();
            byte[] bytes = graphDef.toByteArray();
            TF_GraphImportGraphDef(
                    graph,
                    TF_NewBufferFromString(new BytePointer(bytes), bytes.length),
                    TF_NewImportGraphDefOptions(),
                    status);
            check();
            byte[] config = ConfigProto.newBuilder()
                    .setInterOpParallelismThreads(interOpThreads)
                    .build()
                    .toByteArray();
            var options = TF_NewSessionOptions();
            TF_SetConfig(options, new BytePointer(config), config.length, status);
            check();
            session = TF_NewSession(graph, options, status);
            check();
            input = new TF_Output(1).oper(TF_GraphOperationByName(graph, "x")).index(0);
            output = new TF_Output(1).oper(TF_GraphOperationByName(graph, "z")).index(0);
            TF_Tensor tensor = TF_AllocateTensor(TF_DOUBLE, new long[] {rows}, 1, (long) rows * Double.BYTES);
            // written, or the system would serve all reads from one page of zeros
            new DoublePointer(TF_TensorData(tensor)).put(values(rows));
            inputValue.put(0, tensor);
        }

        void run() {
            TF_SessionRun(
                    session,
                    null,
                    input,
                    inputValue,
                    1,
                    output,
                    outputValue,
                    1,
                    (PointerPointer<?>) null,
                    0,
                    null,
                    status);
            check();
            Pointer result = outputValue.get(0);
            TF_DeleteTensor(new TF_Tensor(result));
        }

        private void check() {
            if (TF_GetCode(status) != TF_OK) {
                throw new IllegalStateException("TensorFlow failed");
            }
        }
    }
}
