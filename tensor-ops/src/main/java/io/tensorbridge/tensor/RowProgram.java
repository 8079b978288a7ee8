package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;

/** A program over blocks that runs another on each row; see {@link ProgramRewrites#overRows}. */
final class RowProgram {

    private RowProgram() {}

    /** Rewrites a program whose signature has those inputs alone that its outputs need. */
    static Program of(Program program, Set<String> shared) {
        GraphDef graph = ProgramGraph.of(program);
        List<TensorSpec> inputs = program.signature().inputs().stream()
                .filter(input -> !shared.contains(input.name()))
                .toList();
        List<TensorSpec> sharedInputs = program.signature().inputs().stream()
                .filter(input -> shared.contains(input.name()))
                .toList();
        List<FunctionBody.Argument> arguments = new ArrayList<>();
        inputs.forEach(input -> arguments.add(argument(program, input)));
        if (inputs.isEmpty()) {
            arguments.add(new FunctionBody.Argument(Optional.empty(), DataType.DT_INT32, Shape.scalar()));
        }
        sharedInputs.forEach(input -> arguments.add(argument(program, input)));
        GraphEdits edits = ProgramGraph.edit(program, graph);
        FunctionBody body = bodyOf("Cannot run program '%s' row by row", program, graph, arguments, edits);

        List<ProgramGraph.Port> ports = new ArrayList<>();
        List<RowMapping.Argument> rows = new ArrayList<>();
        for (TensorSpec input : inputs) {
            var spec = new TensorSpec(input.name(), input.elementType(), Shapes.blockOf(input.shape()));
            String tensor = edits.placeholder(input.name(), spec.elementType(), spec.shape());
            ports.add(new ProgramGraph.Port(tensor, spec));
            rows.add(new RowMapping.Argument(tensor, spec.elementType()));
        }
        if (inputs.isEmpty()) {
            var spec = new TensorSpec(ProgramRewrites.ROW_COUNT, DataType.DT_INT32, Shape.scalar());
            String count = edits.placeholder(spec.name(), spec.elementType(), spec.shape());
            ports.add(new ProgramGraph.Port(count, spec));
            rows.add(new RowMapping.Argument(numbers(edits, count), DataType.DT_INT32));
        }
        List<RowMapping.Argument> whole = new ArrayList<>();
        for (TensorSpec input : sharedInputs) {
            String tensor = edits.placeholder(input.name(), input.elementType(), input.shape());
            ports.add(new ProgramGraph.Port(tensor, input));
            whole.add(new RowMapping.Argument(tensor, input.elementType()));
        }
        return ProgramGraph.rewritten(program, edits, ports, mapped(program, body, rows, whole, edits));
    }

    private static String numbers(GraphEdits edits, String count) {
        return edits.add(
                "numbers",
                "Range",
                List.of(edits.scalar("start", 0), count, edits.scalar("delta", 1)),
                Map.of("Tidx", Attrs.type(DataType.DT_INT32)));
    }

    static FunctionBody.Argument argument(Program program, TensorSpec input) {
        return new FunctionBody.Argument(
                Optional.of(ProgramGraph.inputTensor(program, input)), input.elementType(), input.shape());
    }

    /** Makes a function that gives all outputs of a program, in their order. */
    static FunctionBody bodyOf(
            String what, Program program, GraphDef graph, List<FunctionBody.Argument> arguments, GraphEdits edits) {
        return FunctionBody.of(
                what.formatted(program.name()),
                edits.freeFunctionName("tensorbridge_body"),
                graph,
                arguments,
                program.signature().outputs().stream()
                        .map(output -> ProgramGraph.outputTensor(program, output))
                        .toList());
    }

    /** Runs such a function on rows, and returns the outputs that this makes of the program's. */
    static List<ProgramGraph.Port> mapped(
            Program program,
            FunctionBody body,
            List<RowMapping.Argument> rows,
            List<RowMapping.Argument> shared,
            GraphEdits edits) {
        List<TensorSpec> outputs = program.signature().outputs();
        List<String> tensors = new RowMapping(
                        body,
                        rows,
                        shared,
                        outputs.stream()
                                .map(output ->
                                        new RowMapping.Result(output.elementType(), output.shape(), Optional.empty()))
                                .toList())
                .addTo(edits);
        List<ProgramGraph.Port> ports = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            TensorSpec output = outputs.get(i);
            ports.add(new ProgramGraph.Port(
                    tensors.get(i),
                    new TensorSpec(output.name(), output.elementType(), Shapes.blockOf(output.shape()))));
        }
        return ports;
    }
}
