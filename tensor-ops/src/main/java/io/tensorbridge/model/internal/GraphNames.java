package io.tensorbridge.model.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;

/** What the names in a graph mean. */
public final class GraphNames {

    private GraphNames() {}

    /** Returns the operation that an input of a node names: {@code x} for {@code x}, {@code x:1} and {@code ^x}. */
    public static String operationOf(String input) {
        String name = input.startsWith("^") ? input.substring(1) : input;
        int colon = name.indexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }

    /** Returns which output of an operation a tensor's name means, or -1 if what stands there is no number. */
    public static int indexOf(String tensor) {
        int colon = tensor.indexOf(':');
        try {
            return colon < 0 ? 0 : Integer.parseInt(tensor.substring(colon + 1));
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** Returns the functions that a node names, those that it hands to these, and its type, which may be one. */
    public static List<String> functionsOf(NodeDef node) {
        List<String> names = new ArrayList<>();
        names.add(node.getOp()); // a function may be called by its own name
        names.addAll(functionsIn(node.getAttrMap().values()));
        return names;
    }

    /** Returns the functions that attributes name, and those that these are handed. */
    public static List<String> functionsIn(Collection<AttrValue> attributes) {
        List<String> names = new ArrayList<>();
        Deque<AttrValue> open = new ArrayDeque<>(attributes);
        while (!open.isEmpty()) {
            AttrValue value = open.pop();
            List<NameAttrList> functions =
                    value.hasFunc() ? List.of(value.getFunc()) : value.getList().getFuncList();
            for (NameAttrList function : functions) {
                names.add(function.getName());
                open.addAll(function.getAttrMap().values());
            }
        }
        return names;
    }
}
