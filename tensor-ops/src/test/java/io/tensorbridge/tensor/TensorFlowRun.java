package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat64;

/** Runs programs through TensorFlow Java's own session, which feeds what a column does not hold: scalars, booleans, text. */
final class TensorFlowRun {

    private TensorFlowRun() {}

    /**
     * Runs a graph once.
     *
     * @param feeds a tensor for each input; they stay the caller's
     * @return a tensor for each output of the signature, in its order, which the caller closes
     */
    static Result run(Program program, Map<String, ? extends Tensor> feeds) {
        try (var graph = graphOf(program);
                var session = new Session(
                        graph,
                        ConfigProto.parseFrom(SessionOptions.onCallingThread(1).toConfig()))) {
            var runner = session.runner();
            new LinkedHashMap<>(feeds)
                    .forEach((input, tensor) -> runner.feed(
                            program.signatureDef().getInputsOrThrow(input).getName(), tensor));
            program.signature().outputs().forEach(output -> runner.fetch(ProgramGraph.outputTensor(program, output)));
            return runner.run();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs a graph once, and returns type, shape and values of each output. */
    static Map<String, String> values(Program program, Map<String, ? extends Tensor> feeds) {
        Map<String, String> values = new LinkedHashMap<>();
        try (Result result = run(program, feeds)) {
            for (int i = 0; i < result.size(); i++) {
                List<Object> elements = new ArrayList<>();
                ((NdArray<?>) result.get(i)).scalars().forEach(scalar -> elements.add(scalar.getObject()));
                values.put(
                        program.signature().outputs().get(i).name(),
                        Shapes.describe(result.get(i).dataType(), result.get(i).shape()) + " " + elements);
            }
        }
        return values;
    }

    /** Returns a tensor whose n-th value is n. */
    static TFloat64 counting(Shape shape) {
        return TFloat64.tensorOf(shape, tensor -> {
            double[] next = {0};
            tensor.scalars().forEach(scalar -> scalar.setDouble(next[0]++));
        });
    }

    static Graph graphOf(Program program) {
        var graph = new Graph();
        try {
            graph.importGraphDef(GraphDef.parseFrom(program.files().bytes(ModelFiles.GRAPH)));
            return graph;
        } catch (InvalidProtocolBufferException e) {
            graph.close();
            throw new AssertionError(e);
        }
    }
}
