package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.model.internal.GraphNames;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/** A program that reduces all segments of a block at once; see {@link ProgramRewrites#segmented}. */
final class SegmentedProgram {

    private static final Map<String, String> SEGMENT_OPS = Map.of(
            "Sum", "UnsortedSegmentSum",
            "Prod", "UnsortedSegmentProd",
            "Min", "UnsortedSegmentMin",
            "Max", "UnsortedSegmentMax");

    /** The types for which TensorFlow has all four on the CPU. */
    private static final Set<DataType> TYPES =
            Set.of(DataType.DT_INT32, DataType.DT_INT64, DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_HALF);

    private SegmentedProgram() {}

    /** An output that is a reduction of an input over its rows. */
    private record Reduction(String segmentOp, String placeholder, TensorSpec output) {}

    static Optional<Program> of(Program program) {
        if (program.form() != Program.Form.GRAPH_DEF) {
            return Optional.empty(); // whose reductions are inside functions
        }
        GraphDef graph = ProgramGraph.of(program);
        Map<String, NodeDef> nodes = new HashMap<>();
        graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        Map<String, TensorSpec> inputs = new HashMap<>();
        for (TensorSpec input : program.signature().inputs()) {
            NodeDef node = nodes.get(GraphNames.operationOf(ProgramGraph.inputTensor(program, input)));
            if (node == null || !node.getOp().equals("Placeholder")) {
                return Optional.empty(); // a tensor that is computed is fed in its place
            }
            inputs.put(node.getName(), input);
        }
        List<Reduction> reductions = new ArrayList<>();
        for (TensorSpec output : program.signature().outputs()) {
            Optional<Reduction> reduction = reduction(program, output, nodes, inputs);
            if (reduction.isEmpty()) {
                return Optional.empty();
            }
            reductions.add(reduction.get());
        }
        return Optional.of(segmented(program, graph, reductions));
    }

    private static Program segmented(Program program, GraphDef graph, List<Reduction> reductions) {
        GraphEdits edits = ProgramGraph.edit(program, graph);
        Map<String, String> blocks = new HashMap<>();
        List<ProgramGraph.Port> inputs = new ArrayList<>();
        for (TensorSpec input : program.signature().inputs()) {
            String block = edits.placeholder(input.name(), input.elementType(), input.shape());
            blocks.put(GraphNames.operationOf(ProgramGraph.inputTensor(program, input)), block);
            inputs.add(new ProgramGraph.Port(block, input));
        }
        String segments = extra(edits, inputs, ProgramRewrites.SEGMENTS, Shape.of(-1));
        String count = extra(edits, inputs, ProgramRewrites.SEGMENT_COUNT, Shape.scalar());
        List<ProgramGraph.Port> outputs = new ArrayList<>();
        for (Reduction reduction : reductions) {
            TensorSpec output = reduction.output();
            String block = requireNonNull(blocks.get(reduction.placeholder()));
            outputs.add(new ProgramGraph.Port(
                    reduce(edits, reduction, block, segments, count),
                    new TensorSpec(output.name(), output.elementType(), Shapes.blockOf(output.shape()))));
        }
        return ProgramGraph.rewritten(program, edits, inputs, outputs);
    }

    private static String extra(GraphEdits edits, List<ProgramGraph.Port> inputs, String name, Shape shape) {
        var spec = new TensorSpec(name, DataType.DT_INT32, shape);
        String tensor = edits.placeholder(name, spec.elementType(), shape);
        inputs.add(new ProgramGraph.Port(tensor, spec));
        return tensor;
    }

    private static String reduce(GraphEdits edits, Reduction reduction, String block, String segments, String count) {
        DataType type = reduction.output().elementType();
        if (type == DataType.DT_HALF) {
            // a running sum of halves stands still at 2048, as TensorFlow's own reduction may
            String floats = cast(edits, block, DataType.DT_HALF, DataType.DT_FLOAT);
            String reduced = reduce(edits, reduction.segmentOp(), DataType.DT_FLOAT, floats, segments, count);
            return cast(edits, reduced, DataType.DT_FLOAT, DataType.DT_HALF);
        }
        return reduce(edits, reduction.segmentOp(), type, block, segments, count);
    }

    private static String reduce(
            GraphEdits edits, String op, DataType type, String block, String segments, String count) {
        String reduced = segmentOp(edits, op, type, block, segments, count);
        boolean mayLoseNaN = op.endsWith("Min") || op.endsWith("Max");
        return mayLoseNaN && (type == DataType.DT_FLOAT || type == DataType.DT_DOUBLE)
                ? withNaN(edits, reduced, type, block, segments, count)
                : reduced;
    }

    /** Makes NaN of what a NaN went into, as a reduction does; TensorFlow's segment operations forget what came before it. */
    private static String withNaN(
            GraphEdits edits, String reduced, DataType type, String block, String segments, String count) {
        String isNaN = edits.add("isNaN", "IsNan", List.of(block), Map.of("T", Attrs.type(type)));
        String marks = cast(edits, isNaN, DataType.DT_BOOL, type);
        String found = segmentOp(edits, "UnsortedSegmentSum", type, marks, segments, count);
        return edits.add(
                "withNaN",
                "SelectV2",
                List.of(cast(edits, found, type, DataType.DT_BOOL), edits.notANumber("nan", type), reduced),
                Map.of("T", Attrs.type(type)));
    }

    private static String segmentOp(
            GraphEdits edits, String op, DataType type, String block, String segments, String count) {
        return edits.add(
                "reduced",
                op,
                List.of(block, segments, count),
                Map.of(
                        "T",
                        Attrs.type(type),
                        "Tindices",
                        Attrs.type(DataType.DT_INT32),
                        "Tnumsegments",
                        Attrs.type(DataType.DT_INT32)));
    }

    private static String cast(GraphEdits edits, String tensor, DataType from, DataType to) {
        return edits.add("cast", "Cast", List.of(tensor), Map.of("SrcT", Attrs.type(from), "DstT", Attrs.type(to)));
    }

    private static Optional<Reduction> reduction(
            Program program, TensorSpec output, Map<String, NodeDef> nodes, Map<String, TensorSpec> inputs) {
        NodeDef reduce = withoutIdentities(ProgramGraph.outputTensor(program, output), nodes);
        String segmentOp = reduce == null ? null : SEGMENT_OPS.get(reduce.getOp());
        if (reduce == null
                || segmentOp == null
                || reduce.getInputCount() != 2 // or there are control inputs
                || reduce.getAttrOrDefault("keep_dims", AttrValue.getDefaultInstance())
                        .getB()
                || !TYPES.contains(output.elementType())) {
            return Optional.empty();
        }
        NodeDef data = withoutIdentities(reduce.getInput(0), nodes);
        NodeDef axis = withoutIdentities(reduce.getInput(1), nodes);
        TensorSpec input = data == null ? null : inputs.get(data.getName());
        if (data == null || input == null || axis == null || !axis.getOp().equals("Const")) {
            return Optional.empty();
        }
        Shape block = input.shape();
        List<Long> axes = axes(axis.getAttrOrThrow("value").getTensor());
        boolean overRows =
                axes.size() == 1 && (axes.get(0) == 0 || (!block.isUnknown() && axes.get(0) == -block.numDimensions()));
        return overRows ? Optional.of(new Reduction(segmentOp, data.getName(), output)) : Optional.empty();
    }

    private static @Nullable NodeDef withoutIdentities(String tensor, Map<String, NodeDef> nodes) {
        @Nullable NodeDef node = nodes.get(GraphNames.operationOf(tensor));
        while (node != null && node.getOp().equals("Identity") && node.getInputCount() == 1) {
            node = nodes.get(GraphNames.operationOf(node.getInput(0)));
        }
        return node;
    }

    private static List<Long> axes(TensorProto tensor) {
        List<Long> axes = new ArrayList<>();
        if (tensor.getTensorContent().isEmpty()) {
            tensor.getIntValList().forEach(axis -> axes.add((long) axis));
            axes.addAll(tensor.getInt64ValList());
            return axes;
        }
        var content = tensor.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.nativeOrder());
        while (content.hasRemaining()) {
            axes.add(tensor.getDtype() == DataType.DT_INT64 ? content.getLong() : content.getInt());
        }
        return axes;
    }
}
