package io.tensorbridge.train.graph;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Runs the graph of one worker through TensorFlow Java's own session. */
final class StepRun implements AutoCloseable {

    private final StepGraph step;
    private final Graph graph = new Graph();
    private final Session session;
    private long count;

    StepRun(StepGraph step) {
        this(step, ConfigProto.getDefaultInstance());
    }

    StepRun(StepGraph step, ConfigProto config) {
        this.step = step;
        graph.importGraphDef(step.graphDef());
        session = new Session(graph, config);
    }

    static StepRun of(TrainingProgram program, UpdateRule rule) {
        var run = new StepRun(StepGraph.of(program, rule, 0, 1, 1));
        run.initialise(1);
        return run;
    }

    /** Runs the graph of one of two workers that have the same rows: what they sum is twice what each has. */
    static StepRun ofTwins(TrainingProgram program, UpdateRule rule) {
        StepGraph one = StepGraph.of(program, rule, /* rank= */ 0, /* workers= */ 2, /* timeoutSeconds= */ 1);
        GraphDef.Builder twins = one.graphDef().toBuilder();
        for (NodeDef.Builder node : twins.getNodeBuilderList()) {
            node.clearDevice();
            if (node.getOp().equals("CollectiveReduce")) {
                AttrValue type = node.getAttrOrThrow("T");
                node.setOp("Add").clearAttr().putAttr("T", type).addInput(node.getInput(0));
            }
        }
        var run = new StepRun(new StepGraph(
                twins.build(), one.feeds(), one.targets(), one.results(), one.total(), one.names(), one.weights()));
        run.initialise(1);
        return run;
    }

    static UpdateRule rule(Optimizer optimizer, double rate) {
        return UpdateRule.of(optimizer, LearningRate.constant(rate));
    }

    void initialise(long seed) {
        try (var random = TInt64.vectorOf(seed, 0)) {
            session.runner()
                    .feed(step.feeds().random(), random)
                    .addTarget(step.targets().initialise())
                    .run()
                    .close();
        }
    }

    /** Makes the next step the one after so many, as after a restore. */
    void goOnAfter(long steps) {
        count = steps;
    }

    /** Takes a step over a batch; returns the loss and the metrics. */
    float[] step(Map<String, ? extends Tensor> batch, double rate) {
        float[] results = run(batch, 1, rate, step.results(), step.targets().apply());
        count++;
        return results;
    }

    /** Goes on as if so many steps had been taken. */
    void skip(int steps) {
        count += steps;
    }

    void accumulate(Map<String, ? extends Tensor> batch, double weight) {
        run(batch, weight, 0, null, step.targets().accumulate());
    }

    float[] apply(Map<String, ? extends Tensor> batch, double weight, double rate) {
        float[] results =
                run(batch, weight, rate, step.results(), step.targets().apply());
        count++;
        return results;
    }

    void evaluate(Map<String, ? extends Tensor> batch, double weight) {
        run(batch, weight, 0, null, step.targets().evaluate());
    }

    float[] total() {
        return fetch(step.total());
    }

    private float[] run(
            Map<String, ? extends Tensor> batch, double weight, double rate, @Nullable String fetch, String target) {
        Map<String, Tensor> fed = new LinkedHashMap<>();
        try (var share = TFloat32.scalarOf((float) weight);
                var at = TFloat32.scalarOf((float) rate);
                var taken = TInt64.scalarOf(count);
                var random = TInt64.vectorOf(7, count)) {
            fed.put(step.feeds().weight(), share);
            fed.put(step.feeds().rate(), at);
            fed.put(step.feeds().count(), taken);
            fed.put(step.feeds().random(), random);
            batch.forEach((name, tensor) -> fed.put(name + ":0", tensor));
            var runner = session.runner().addTarget(target);
            fed.forEach(runner::feed);
            if (fetch != null) {
                runner.fetch(fetch);
            }
            try (Result result = runner.run()) {
                return fetch == null ? new float[0] : floats((TFloat32) result.get(0));
            }
        }
    }

    void target(String name) {
        session.runner().addTarget(name).run().close();
    }

    void file(String target, String prefix) {
        try (var file = TString.scalarOf(prefix)) {
            session.runner()
                    .feed(step.feeds().file(), file)
                    .addTarget(target)
                    .run()
                    .close();
        }
    }

    /** Computes a tensor of float32 for a batch, with the weights as they are. */
    float[] compute(String tensor, Map<String, ? extends Tensor> batch) {
        try (var random = TInt64.vectorOf(7, count)) {
            var runner = session.runner().fetch(tensor).feed(step.feeds().random(), random);
            batch.forEach((name, fed) -> runner.feed(name + ":0", fed));
            try (Result result = runner.run()) {
                return floats((TFloat32) result.get(0));
            }
        }
    }

    float[] weights(String variable) {
        return fetch(step.weights().get(step.names().indexOf(variable)));
    }

    private float[] fetch(String name) {
        try (Result result = session.runner().fetch(name).run()) {
            return floats((TFloat32) result.get(0));
        }
    }

    static float[] floats(TFloat32 tensor) {
        float[] values = new float[(int) tensor.size()];
        tensor.copyTo(org.tensorflow.ndarray.NdArrays.wrap(tensor.shape(), DataBuffers.of(values, false, false)));
        return values;
    }

    StepGraph graph() {
        return step;
    }

    @Override
    public void close() {
        session.close();
        graph.close();
    }
}
