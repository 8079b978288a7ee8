package io.tensorbridge.tensor;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/** What the operations of a graph give: TensorFlow's own, and the functions of its library that are called by name. */
final class Operations {

    private static final Map<String, Optional<OpDef>> KNOWN =
            new ConcurrentHashMap<>(); // asking TensorFlow takes a graph

    private final Map<String, FunctionDef> functions = new HashMap<>();

    Operations(GraphDef graph) {
        graph.getLibrary()
                .getFunctionList()
                .forEach(function -> functions.put(function.getSignature().getName(), function));
    }

    /** Returns the function of this name, or nothing if the library has none. */
    Optional<FunctionDef> function(String name) {
        return Optional.ofNullable(functions.get(name));
    }

    /** Returns what is known of an operation, or nothing if it is neither TensorFlow's nor a function of the library. */
    Optional<OpDef> definitionOf(String op) {
        FunctionDef function = functions.get(op);
        return function == null
                ? KNOWN.computeIfAbsent(op, NativeFunctions::definitionOf)
                : Optional.of(function.getSignature());
    }

    boolean isStateful(NodeDef node) {
        return definitionOf(node.getOp()).map(OpDef::getIsStateful).orElse(false);
    }

    /**
     * Returns the number of a node's output that a function's body calls {@code argument} and {@code position}.
     *
     * @return the number, or -1 if there is no such output
     */
    int indexOf(NodeDef node, String argument, int position) {
        int first = 0;
        for (OpDef.ArgDef output :
                definitionOf(node.getOp()).map(OpDef::getOutputArgList).orElse(List.of())) {
            int size = sizeOf(output, node);
            if (output.getName().equals(argument)) {
                return position < size ? first + position : -1;
            }
            first += size;
        }
        return -1;
    }

    /** Returns the type of what a function takes or gives, of which there is one; see {@link #isList}. */
    static DataType typeOf(OpDef.ArgDef argument, Map<String, AttrValue> attrs) {
        AttrValue attr = attrs.get(argument.getTypeAttr());
        return attr == null ? argument.getType() : attr.getType();
    }

    /** Returns whether an argument stands for any number of tensors. */
    static boolean isList(OpDef.ArgDef argument) {
        return !argument.getNumberAttr().isEmpty()
                || !argument.getTypeListAttr().isEmpty();
    }

    private static int sizeOf(OpDef.ArgDef argument, NodeDef node) {
        if (!argument.getNumberAttr().isEmpty()) {
            @Nullable AttrValue number = node.getAttrMap().get(argument.getNumberAttr());
            return number == null ? 0 : Math.toIntExact(number.getI());
        }
        if (!argument.getTypeListAttr().isEmpty()) {
            @Nullable AttrValue types = node.getAttrMap().get(argument.getTypeListAttr());
            return types == null ? 0 : types.getList().getTypeCount();
        }
        return 1;
    }
}
