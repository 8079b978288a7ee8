package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorProto;

/** What training does with graphs before it has a program; for its packages. */
public final class GraphParts {

    private GraphParts() {}

    /** Returns the part of a graph that some tensors or operations need, with the functions that this calls. */
    public static GraphDef needed(GraphDef graph, Collection<String> tensors) {
        GraphClosure closure = GraphClosure.of(graph, tensors);
        Set<String> called = Stream.concat(closure.nodes().stream(), closure.functionNodes().stream())
                .flatMap(node -> GraphNames.functionsOf(node).stream())
                .collect(Collectors.toSet());
        var part = GraphDef.newBuilder().setVersions(graph.getVersions()).addAllNode(closure.nodes());
        graph.getLibrary().getFunctionList().stream()
                .filter(function -> called.contains(function.getSignature().getName()))
                .forEach(part.getLibraryBuilder()::addFunction);
        return part.build();
    }

    /**
     * Makes a program of a graph that is the driver's own. Its inputs are the placeholders that the outputs need.
     *
     * @param outputs tensors, each {@code operation:index}, by the names of outputs; in order
     */
    public static Program program(GraphDef graph, Map<String, String> outputs) {
        GraphCheck.problemOf(graph).ifPresent(problem -> {
            throw new IllegalArgumentException("Cannot make a program of a graph: " + problem);
        });
        return GraphPrograms.ofOwn(graph, outputs);
    }

    /** Returns an operation that gives a value. */
    public static NodeDef constant(String name, TensorValue value) {
        return NodeDef.newBuilder()
                .setName(name)
                .setOp("Const")
                .putAttr("dtype", Attrs.type(value.elementType()))
                .putAttr(
                        "value",
                        AttrValue.newBuilder()
                                .setTensor(TensorProtos.tensor(value))
                                .build())
                .build();
    }

    /** Returns what a signature says of a tensor. */
    public static TensorInfo info(String tensor, TensorSpec spec) {
        return Signatures.info(tensor, spec);
    }

    /** Returns what a placeholder says of itself. */
    public static TensorSpec specOf(NodeDef placeholder) {
        return GraphPrograms.inputOf(placeholder).spec();
    }

    /** Returns a value as a protobuf. */
    public static TensorProto proto(TensorValue value) {
        return TensorProtos.tensor(value);
    }

    /** Returns a name for an operation that the graph has none of: this one, or one that begins with it. */
    public static String freeName(Set<String> taken, String wanted) {
        String name = wanted;
        for (int i = 1; taken.contains(name); i++) {
            name = wanted + "_" + i;
        }
        return name;
    }

    /** Returns the names of all operations of a graph. */
    public static Set<String> names(GraphDef graph) {
        Set<String> names = new HashSet<>();
        graph.getNodeList().forEach(node -> names.add(node.getName()));
        return names;
    }

    /** Returns the one name of a tensor that goes by {@code x} and by {@code x:0}. */
    public static String canonical(String tensor) {
        return ProgramGraph.canonical(tensor);
    }
}
