package io.tensorbridge.benchmarks;

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
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;

/**
 * What one writes without Spark: blocks in Java arrays, a tensor of each, TensorFlow Java's {@code Session}, the result back
 * in an array. The threads are as many as Spark's tasks, each with blocks of its own, and the session has the settings of
 * ours.
 */
final class PlainLoop implements AutoCloseable {

    private static final ConfigProto CONFIG = ConfigProto.newBuilder()
            .setInterOpParallelismThreads(-1)
            .setIntraOpParallelismThreads(1)
            .build();

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
        var session = new Session(graph, CONFIG);
        Runnable closing = () -> {
            session.close();
            graph.close();
        };
        return new PlainLoop(closing, session, UnaryOperator.identity(), output);
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
        Map<String, Tensor> tensors = block.tensors();
        Session.Runner runner = session.runner().fetch(output);
        tensors.forEach((input, tensor) -> runner.feed(inputs.apply(input), tensor));
        try (Result result = runner.run()) {
            TFloat32 found = (TFloat32) result.get(0);
            float[] values = new float[(int) found.size()];
            found.copyTo(DataBuffers.of(values, false, false));
            return values[0];
        } finally {
            tensors.values().forEach(Tensor::close);
        }
    }

    @Override
    public void close() {
        closing.run();
    }
}
