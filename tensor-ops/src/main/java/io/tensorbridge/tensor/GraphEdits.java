package io.tensorbridge.tensor;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/**
 * Adds nodes and functions to a graph, under names that are still free.
 *
 * <p>Tensors are named as a signature names them, {@code x:0}; every method that adds a node returns its first output.
 */
final class GraphEdits {

    private static final Pattern ILLEGAL = Pattern.compile("^[^A-Za-z0-9.]|[^A-Za-z0-9_.\\-/]");

    private final GraphDef.Builder graph;
    private final Set<String> nodes = new HashSet<>();
    private final Set<String> functions;

    /** Edits a graph that holds nodes already; the builder is this object's from here on. */
    GraphEdits(GraphDef.Builder graph) {
        this.graph = graph;
        graph.getNodeList().forEach(node -> nodes.add(node.getName()));
        this.functions = graph.getLibrary().getFunctionList().stream()
                .map(function -> function.getSignature().getName())
                .collect(Collectors.toSet());
    }

    GraphDef build() {
        return graph.build();
    }

    /** Adds a node as it is, unless the graph has it already. */
    void addAsIs(NodeDef node) {
        if (nodes.add(node.getName())) {
            graph.addNode(node);
        }
    }

    /** Keeps a name for a node that {@link #addReserved} is to add. */
    void reserve(String name) {
        nodes.add(name);
    }

    void addReserved(NodeDef node) {
        graph.addNode(node);
    }

    String add(String name, String op, List<String> inputs, Map<String, AttrValue> attrs) {
        String free = free(name, nodes);
        graph.addNode(NodeDef.newBuilder()
                .setName(free)
                .setOp(op)
                .addAllInput(inputs)
                .putAllAttr(attrs)
                .build());
        return free + ":0";
    }

    /** Returns a name for a function that is to be added. */
    String freeFunctionName(String name) {
        return free(name, functions);
    }

    void addFunction(FunctionDef function) {
        graph.getLibraryBuilder().addFunction(function);
    }

    String placeholder(String name, DataType type, Shape shape) {
        return add(name, "Placeholder", List.of(), Map.of("dtype", Attrs.type(type), "shape", Attrs.shape(shape)));
    }

    /** Adds a constant of shape {@code []}. */
    String scalar(String name, int value) {
        return constant(name, Shape.scalar(), value);
    }

    /** Adds a constant of shape {@code [n]}. */
    String list(String name, int... values) {
        return constant(name, Shape.of(values.length), values);
    }

    /** Adds a constant of shape {@code []} that is NaN, of floats or doubles. */
    String notANumber(String name, DataType type) {
        var tensor = TensorProto.newBuilder().setDtype(type).setTensorShape(Shapes.toProto(Shape.scalar()));
        return constant(
                name,
                type == DataType.DT_FLOAT
                        ? tensor.addFloatVal(Float.NaN).build()
                        : tensor.addDoubleVal(Double.NaN).build());
    }

    private String constant(String name, Shape shape, int... values) {
        var tensor = TensorProto.newBuilder().setDtype(DataType.DT_INT32).setTensorShape(Shapes.toProto(shape));
        Arrays.stream(values).forEach(tensor::addIntVal);
        return constant(name, tensor.build());
    }

    /** Adds a constant without any rows, whose unknown dimensions are 0. */
    String noRows(String name, DataType type, Shape cell) {
        long[] dims = cell.isUnknown() ? new long[1] : cell.prepend(0).asArray();
        var empty = Shape.of(Arrays.stream(dims).map(dim -> Math.max(0, dim)).toArray());
        return constant(
                name,
                TensorProto.newBuilder()
                        .setDtype(type)
                        .setTensorShape(Shapes.toProto(empty))
                        .build());
    }

    private String constant(String name, TensorProto value) {
        return add(
                name,
                "Const",
                List.of(),
                Map.of(
                        "dtype",
                        Attrs.type(value.getDtype()),
                        "value",
                        AttrValue.newBuilder().setTensor(value).build()));
    }

    /** Adds what counts the rows of a tensor, as a list of one: {@code [n]}. */
    String rowsOf(String tensor, DataType type) {
        String shape = add(
                "shape",
                "Shape",
                List.of(tensor),
                Map.of("T", Attrs.type(type), "out_type", Attrs.type(DataType.DT_INT32)));
        return slice("rows", DataType.DT_INT32, shape, list("first", 0), list("second", 1), 1);
    }

    /** Adds a slice of rows, every {@code step}-th of those from {@code begin} to before {@code end}. */
    String slice(String name, DataType type, String tensor, String begin, String end, int step) {
        return add(
                name,
                "StridedSlice",
                List.of(tensor, begin, end, list("step", step)),
                Map.of("T", Attrs.type(type), "Index", Attrs.type(DataType.DT_INT32)));
    }

    /** Returns a name that is not taken, and takes it. */
    static String free(String name, Set<String> taken) {
        String legal = ILLEGAL.matcher(name).replaceAll("."); // names in signatures are any, those in graphs are not
        String free = legal;
        for (int i = 1; !taken.add(free); i++) {
            free = legal + "_" + i;
        }
        return free;
    }
}
