package io.tensorbridge.benchmarks;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_AllocateTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DataTypeSize;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphImportGraphDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_Message;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewBufferFromString;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewImportGraphDefOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetTarget;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorData;

import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.graph.LearningRate;
import io.tensorbridge.train.graph.StepGraph;
import io.tensorbridge.train.graph.TrainingProgram;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.Server;
import org.tensorflow.TensorFlow;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.ServerDef;

/**
 * A worker with nothing around it: the graph of a step, run in a loop over one batch through TensorFlow's C API. The least that a
 * step can cost.
 *
 * <p>A process of its own, as ours is. Prints the mean milliseconds of a step of each round, on a line of its own.
 */
public final class BareWorker {

    private final TF_Status status = TF_NewStatus();
    private final TF_Graph graph = TF_NewGraph();
    private final TF_Session session;

    private BareWorker(StepGraph step, ConfigProto config, String target) {
        byte[] graphDef = step.graphDef().toByteArray();
        TF_GraphImportGraphDef(
                graph,
                TF_NewBufferFromString(new BytePointer(graphDef), graphDef.length),
                TF_NewImportGraphDefOptions(),
                status);
        check();
        var options = TF_NewSessionOptions();
        byte[] bytes = config.toByteArray();
        TF_SetConfig(options, new BytePointer(bytes), bytes.length, status);
        check();
        if (!target.isEmpty()) {
            TF_SetTarget(options, target);
        }
        session = TF_NewSession(graph, options, status);
        check();
    }

    /**
     * Runs the loop.
     *
     * @param args the rank, the number of workers, the first of their ports, rows of a batch, steps of a round, and
     *     rounds
     */
    public static void main(String[] args) {
        int rank = Integer.parseInt(args[0]);
        int workers = Integer.parseInt(args[1]);
        int port = Integer.parseInt(args[2]);
        int batch = Integer.parseInt(args[3]);
        int steps = Integer.parseInt(args[4]);
        int rounds = Integer.parseInt(args[5]);
        TrainingProgram program = TrainingSuite.program("bytes");
        TensorFlow.version();
        var config = ConfigProto.newBuilder().setIntraOpParallelismThreads(1);
        String target = "";
        if (workers > 1) {
            config.addDeviceFilters("/job:worker/task:" + rank)
                    .getExperimentalBuilder()
                    .setCollectiveGroupLeader("/job:worker/replica:0/task:0");
            start(rank, workers, port, config.build());
            target = "grpc://127.0.0.1:" + (port + rank);
        } else {
            config.setInterOpParallelismThreads(-1);
        }
        StepGraph step = StepGraph.of(program, TrainingSuite.rule(LearningRate.constant(0.001)), rank, workers, 60);
        var worker = new BareWorker(step, config.build(), target);
        worker.initialise(step);
        Run run = worker.run(step, program, batch, 1f / workers);
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                run.once();
            }
            Comparison.print("%.4f", (System.nanoTime() - start) / 1e6 / steps);
        }
        Runtime.getRuntime().halt(0); // a server cannot be stopped
    }

    private static void start(int rank, int workers, int port, ConfigProto config) {
        var job = JobDef.newBuilder().setName("worker");
        for (int i = 0; i < workers; i++) {
            job.putTasks(i, "127.0.0.1:" + (port + i));
        }
        new Server(ServerDef.newBuilder()
                        .setCluster(ClusterDef.newBuilder().addJob(job))
                        .setJobName("worker")
                        .setTaskIndex(rank)
                        .setProtocol("grpc")
                        .setDefaultSessionConfig(config)
                        .build())
                .start();
    }

    private void check() {
        if (TF_GetCode(status) != TF_OK) {
            throw new IllegalStateException(TF_Message(status).getString());
        }
    }

    private TF_Operation operation(String tensor) {
        int colon = tensor.indexOf(':');
        return TF_GraphOperationByName(graph, colon < 0 ? tensor : tensor.substring(0, colon));
    }

    private void initialise(StepGraph step) {
        TF_Tensor random = tensor(DataType.DT_INT64, Shape.of(2));
        var output = new TF_Output(1).oper(operation(step.feeds().random())).index(0);
        try (var fed = new PointerPointer<TF_Tensor>(1);
                var targets = new PointerPointer<TF_Operation>(1)) {
            fed.put(0, random);
            targets.put(0, operation(step.targets().initialise()));
            TF_SessionRun(
                    session, null, output, fed, 1, null, (PointerPointer<TF_Tensor>) null, 0, targets, 1, null, status);
            check();
        }
        TF_DeleteTensor(random);
    }

    private Run run(StepGraph step, TrainingProgram program, int batch, float weight) {
        List<String> names = new ArrayList<>(step.feeds().inputs());
        List<TF_Tensor> tensors = new ArrayList<>();
        for (TensorSpec input : program.inputs()) {
            tensors.add(tensor(input.elementType(), Shape.of(batch).append(input.cellShape())));
        }
        names.addAll(List.of(
                step.feeds().weight(),
                step.feeds().rate(),
                step.feeds().count(),
                step.feeds().random()));
        tensors.add(scalar(weight));
        tensors.add(scalar(0.001f));
        tensors.add(tensor(DataType.DT_INT64, Shape.scalar()));
        tensors.add(tensor(DataType.DT_INT64, Shape.of(2)));
        return new Run(names, tensors, step.results(), step.targets().apply());
    }

    private static TF_Tensor scalar(float value) {
        TF_Tensor tensor = tensor(DataType.DT_FLOAT, Shape.scalar());
        new FloatPointer(TF_TensorData(tensor)).put(value);
        return tensor;
    }

    /** Makes a tensor of zeros, which trains as fast as any other. */
    private static TF_Tensor tensor(DataType type, Shape shape) {
        long bytes = shape.size() * TF_DataTypeSize(type.getNumber());
        TF_Tensor tensor = TF_AllocateTensor(type.getNumber(), shape.asArray(), shape.numDimensions(), bytes);
        Pointer.memset(TF_TensorData(tensor), 0, bytes);
        return tensor;
    }

    /** A step over one batch, with all that it takes prepared. */
    private final class Run {

        private final TF_Output fedOutputs;
        private final PointerPointer<TF_Tensor> fed;
        private final int feeds;
        private final TF_Output fetchedOutput;
        private final PointerPointer<TF_Tensor> fetched = new PointerPointer<>(1);
        private final PointerPointer<TF_Operation> targets = new PointerPointer<>(1);

        Run(List<String> names, List<TF_Tensor> tensors, String fetch, String target) {
            feeds = names.size();
            fedOutputs = new TF_Output(feeds);
            fed = new PointerPointer<>(feeds);
            for (int i = 0; i < feeds; i++) {
                fedOutputs.position(i).oper(operation(names.get(i))).index(0);
                fed.put(i, tensors.get(i));
            }
            fedOutputs.position(0);
            fetchedOutput = new TF_Output(1).oper(operation(fetch)).index(0);
            targets.put(0, operation(target));
        }

        float once() {
            TF_SessionRun(session, null, fedOutputs, fed, feeds, fetchedOutput, fetched, 1, targets, 1, null, status);
            check();
            TF_Tensor results = fetched.get(TF_Tensor.class, 0);
            float loss = new FloatPointer(TF_TensorData(results)).get();
            TF_DeleteTensor(results);
            return loss;
        }
    }
}
