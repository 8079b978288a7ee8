package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;

/** A program that runs a block reduction on several groups of rows; see {@link ProgramRewrites#stacked}. */
final class StackedProgram {

    private StackedProgram() {}

    static Program of(Program program) {
        List<TensorSpec> inputs = program.signature().inputs();
        check(program, inputs);
        GraphDef graph = ProgramGraph.of(program);
        GraphEdits edits = ProgramGraph.edit(program, graph);
        FunctionBody body = RowProgram.bodyOf(
                "Cannot run program '%s' group by group",
                program,
                graph,
                inputs.stream()
                        .map(input -> RowProgram.argument(program, input))
                        .toList(),
                edits);

        var groupsSpec = new TensorSpec(ProgramRewrites.GROUPS, DataType.DT_INT32, Shape.of(-1, -1));
        String groups = edits.placeholder(groupsSpec.name(), groupsSpec.elementType(), groupsSpec.shape());
        List<ProgramGraph.Port> ports = new ArrayList<>();
        List<RowMapping.Argument> gathered = new ArrayList<>();
        for (TensorSpec input : inputs) {
            String block = edits.placeholder(input.name(), input.elementType(), input.shape());
            ports.add(new ProgramGraph.Port(block, input));
            gathered.add(
                    new RowMapping.Argument(gather(edits, block, input.elementType(), groups), input.elementType()));
        }
        ports.add(new ProgramGraph.Port(groups, groupsSpec));
        return ProgramGraph.rewritten(
                program, edits, ports, RowProgram.mapped(program, body, gathered, /* shared= */ List.of(), edits));
    }

    private static void check(Program program, List<TensorSpec> inputs) {
        String what = "Cannot run program '%s' group by group: ".formatted(program.name());
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(what + "expected inputs, found none");
        }
        for (TensorSpec input : inputs) {
            if (!input.shape().isUnknown() && input.shape().numDimensions() == 0) {
                throw new IllegalArgumentException(what
                        + "expected input '%s' to be a block of rows, found shape []. Give it the shape [?]"
                                .formatted(input.name()));
            }
        }
    }

    private static String gather(GraphEdits edits, String block, DataType type, String groups) {
        return edits.add(
                "gathered",
                "GatherV2",
                List.of(block, groups, edits.scalar("axis", 0)),
                Map.of(
                        "Tparams",
                        Attrs.type(type),
                        "Tindices",
                        Attrs.type(DataType.DT_INT32),
                        "Taxis",
                        Attrs.type(DataType.DT_INT32)));
    }
}
