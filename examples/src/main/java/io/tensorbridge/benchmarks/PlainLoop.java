package io.tensorbridge.benchmarks;

import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;

/**
 * What one writes without Spark: blocks in Java arrays, a tensor of each, TensorFlow Java's {@code Session}, the result back
 * in an array. The threads are as many as Spark's tasks, each with blocks of its own, and the session has the settings of
 * ours.
 */
final class PlainLoop implements AutoCloseable {

    /** Operations run on the thread that calls. */
    static final int ON_CALLER = -1;

    /** TensorFlow's default: operations run on its own threads, as many as there are processors. */
    static final int BY_DEFAULT = 0;

    private static final ConfigProto CONFIG = config(ON_CALLER);

    /** Makes the tensors of a block, by the names of the model's inputs; the loop closes them. */
    interface Block {
        Map<String, Tensor> tensors();
    }

    private final Runnable closing;
    private final Session session;
    private final UnaryOperator<String> inputs;
    private final String output;

    private PlainLoop(Runnable closing, Session session, UnaryOperator<String> inputs, String output) {
        this.closing = closing;
        this.session = session;
        this.inputs = inputs;
        this.output = output;
    }

    /** Loads a saved model, and runs its signature {@code serving_default}. */
    static PlainLoop ofSavedModel(Path directory, String output) {
        SavedModelBundle model = SavedModelBundle.loader(directory.toString())
                .withTags("serve")
                .withConfigProto(CONFIG)
                .load();
        SignatureDef signature = model.metaGraphDef().getSignatureDefOrThrow("serving_default");
        return new PlainLoop(
                model::close,
                model.session(),
                input -> signature.getInputsOrThrow(input).getName(),
                signature.getOutputsOrThrow(output).getName());
    }

    /** Imports a graph, whose tensors are named like inputs and output. */
    static PlainLoop ofGraph(GraphDef graphDef, String output) {
        var graph = new Graph();
        graph.importGraphDef(graphDef);
        return ofGraph(graph, CONFIG, UnaryOperator.identity(), output);
    }

    /**
     * Imports the graph of a program without variables: the very nodes that our session runs.
     *
     * @param interOp {@link #ON_CALLER} or {@link #BY_DEFAULT}
     */
    static PlainLoop ofProgram(Program program, String output, int interOp) throws IOException {
        Path saved = Files.createTempDirectory("program");
        try {
            program.save(ModelTarget.of(saved));
            SignatureDef signature = SignatureDef.parseFrom(Files.readAllBytes(saved.resolve("signature.pb")));
            var graph = new Graph();
            graph.importGraphDef(SavedModel.parseFrom(Files.readAllBytes(saved.resolve("files/saved_model.pb")))
                    .getMetaGraphs(0)
                    .getGraphDef());
            return ofGraph(
                    graph,
                    config(interOp),
                    input -> signature.getInputsOrThrow(input).getName(),
                    signature.getOutputsOrThrow(output).getName());
        } finally {
            Photographs.delete(saved);
        }
    }

    private static PlainLoop ofGraph(Graph graph, ConfigProto config, UnaryOperator<String> inputs, String output) {
        var session = new Session(graph, config);
        Runnable closing = () -> {
            session.close();
            graph.close();
        };
        return new PlainLoop(closing, session, inputs, output);
    }

    private static ConfigProto config(int interOp) {
        return ConfigProto.newBuilder()
                .setInterOpParallelismThreads(interOp)
                .setIntraOpParallelismThreads(1)
                .build();
    }

    /** Runs all blocks, those of each thread one after the other; returns the sum of the results, so that all are read. */
    double run(List<Block> blocks, int threads) {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Double>> sums = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                List<Block> own =
                        blocks.subList(blocks.size() * thread / threads, blocks.size() * (thread + 1) / threads);
                sums.add(pool.submit(() -> own.stream().mapToDouble(this::run).sum()));
            }
            double sum = 0;
            for (Future<Double> part : sums) {
                sum += part.get();
            }
            return sum;
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("The plain loop failed", e);
        } finally {
            pool.shutdown();
        }
    }

    private double run(Block block) {
        return values(block)[0];
    }

    /** Runs one block, and returns the values of all its rows, one behind the other. */
    float[] values(Block block) {
        Map<String, Tensor> tensors = block.tensors();
        Session.Runner runner = session.runner().fetch(output);
        tensors.forEach((input, tensor) -> runner.feed(inputs.apply(input), tensor));
        try (Result result = runner.run()) {
            TFloat32 found = (TFloat32) result.get(0);
            float[] values = new float[(int) found.size()];
            found.copyTo(DataBuffers.of(values, false, false));
            return values;
        } finally {
            tensors.values().forEach(Tensor::close);
        }
    }

    @Override
    public void close() {
        closing.run();
    }
}
