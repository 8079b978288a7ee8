package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/** The body of one function under one call, on its way into the graph; see {@link FunctionInliner}. */
final class InlinedBody {

    private static final String COLOCATED = "loc:@";

    private final FunctionInliner inliner;
    private final NodeDef call;
    private final FunctionDef function;
    private final Map<String, AttrValue> attrs;
    private final List<String> calls;
    private final Set<String> functions;
    private final List<String> handed;
    private final Set<String> waitsFor = new LinkedHashSet<>();
    private final Map<String, String> arguments = new HashMap<>();
    private final Map<String, NodeDef> body = new LinkedHashMap<>();

    InlinedBody(
            FunctionInliner inliner,
            NodeDef call,
            FunctionInliner.Callee callee,
            List<String> callsAround,
            Set<String> functionsAround) {
        this.inliner = inliner;
        this.call = call;
        this.function = callee.function();
        this.attrs = new HashMap<>(callee.attrs());
        function.getSignature().getAttrList().stream()
                .filter(OpDef.AttrDef::hasDefaultValue)
                .forEach(attr -> attrs.putIfAbsent(attr.getName(), attr.getDefaultValue()));
        this.calls = plus(new ArrayList<>(callsAround), call.getName());
        this.functions = new LinkedHashSet<>(functionsAround);
        functions.add(function.getSignature().getName());
        this.handed = call.getInputList().stream()
                .filter(input -> !input.startsWith("^"))
                .toList();
        call.getInputList().stream().filter(input -> input.startsWith("^")).forEach(waitsFor::add);
        if (inliner.hasControlFlow()) { // what is handed nothing must do nothing
            handed.forEach(input -> waitsFor.add("^" + GraphNames.operationOf(input)));
        }
    }

    private static List<String> plus(List<String> list, String last) {
        list.add(last);
        return List.copyOf(list);
    }

    void add() {
        List<OpDef.ArgDef> signature = function.getSignature().getInputArgList();
        if (signature.size() != handed.size()) {
            throw malformed("%d inputs".formatted(signature.size()), "%d".formatted(handed.size()));
        }
        for (int i = 0; i < signature.size(); i++) {
            arguments.put(signature.get(i).getName(), handed.get(i));
        }
        for (NodeDef node : function.getNodeDefList()) {
            body.put(node.getName(), withAttrs(node));
        }
        body.values().forEach(node -> inliner.add(rewired(node), calls, functions));
        inliner.put(returns(), calls.subList(0, calls.size() - 1));
    }

    /** Returns a node whose attributes are all given. */
    private NodeDef withAttrs(NodeDef node) {
        var given = node.toBuilder().removeAttr("_output_shapes"); // which may speak of attributes left open
        node.getAttrMap().forEach((name, value) -> {
            if (!name.equals("_output_shapes")) {
                given.putAttr(name, given(value));
            }
        });
        return given.build();
    }

    private AttrValue given(AttrValue value) {
        if (!value.getPlaceholder().isEmpty()) {
            AttrValue attr = attrs.get(value.getPlaceholder());
            if (attr == null) {
                throw malformed("attribute '%s'".formatted(value.getPlaceholder()), "none");
            }
            return attr;
        }
        if (value.hasFunc()) {
            var changed = value.toBuilder();
            value.getFunc()
                    .getAttrMap()
                    .forEach((name, inner) -> changed.getFuncBuilder().putAttr(name, given(inner)));
            return changed.build();
        }
        return value;
    }

    private NodeDef rewired(NodeDef node) {
        var moved = node.toBuilder().setName(inGraph(node.getName())).clearInput();
        node.getInputList().forEach(input -> moved.addInput(tensor(input)));
        if (node.getInputCount() == 0) {
            moved.addAllInput(waitsFor);
        }
        if (node.getDevice().isEmpty()) {
            moved.setDevice(call.getDevice());
        }
        moveColocation(node, moved);
        moveNames(node, moved);
        return moved.build();
    }

    /** What is outside of the function, as its arguments are, cannot be colocated with by name. */
    private void moveColocation(NodeDef node, NodeDef.Builder moved) {
        AttrValue colocation = node.getAttrMap().get("_class");
        if (colocation == null) {
            return;
        }
        List<String> inside = colocation.getList().getSList().stream()
                .map(ByteString::toStringUtf8)
                .filter(with -> with.startsWith(COLOCATED) && body.containsKey(with.substring(COLOCATED.length())))
                .map(with -> COLOCATED + inGraph(with.substring(COLOCATED.length())))
                .toList();
        if (inside.isEmpty()) {
            moved.removeAttr("_class");
        } else {
            moved.putAttr("_class", Attrs.texts(inside));
        }
    }

    /** Two calls of a function have two loops, but the same resources. */
    private void moveNames(NodeDef node, NodeDef.Builder moved) {
        AttrValue frame = node.getAttrMap().get("frame_name");
        if (frame != null) {
            moved.putAttr("frame_name", Attrs.text(inGraph(frame.getS().toStringUtf8())));
        }
        boolean sharesByNodeName = !node.getOp().equals("VarHandleOp")
                && inliner.operations().definitionOf(node.getOp()).stream()
                        .flatMap(op -> op.getAttrList().stream())
                        .anyMatch(attr -> attr.getName().equals("shared_name"))
                && node.getAttrOrDefault(
                                "use_node_name_sharing",
                                AttrValue.newBuilder().setB(true).build())
                        .getB()
                && node.getAttrOrDefault("shared_name", AttrValue.getDefaultInstance())
                        .getS()
                        .isEmpty();
        if (sharesByNodeName) {
            moved.putAttr("shared_name", Attrs.text(node.getName()));
        }
    }

    /** Returns the node that takes the place of the call: it hands on all that the function returns. */
    private NodeDef returns() {
        var types = new ArrayList<DataType>();
        var node = NodeDef.newBuilder().setName(call.getName()).setDevice(call.getDevice());
        for (OpDef.ArgDef output : function.getSignature().getOutputArgList()) {
            types.add(Operations.typeOf(output, attrs));
            node.addInput(tensor(function.getRetOrDefault(output.getName(), output.getName())));
        }
        Set<String> waits = new LinkedHashSet<>(waitsFor);
        effects().forEach(effect -> waits.add("^" + inGraph(effect)));
        node.addAllInput(waits);
        return types.isEmpty()
                ? node.setOp("NoOp").build()
                : node.setOp("IdentityN").putAttr("T", Attrs.types(types)).build();
    }

    /** TensorFlow runs what has effects in a function whether a result needs it or not. */
    private List<String> effects() {
        if (function.getControlRetCount() > 0 || inliner.hasControlFlow()) {
            return function.getControlRetMap().values().stream().sorted().toList();
        }
        return body.values().stream()
                .filter(inliner.operations()::isStateful)
                .map(NodeDef::getName)
                .toList();
    }

    private String inGraph(String name) {
        return call.getName() + "/" + name;
    }

    /** Returns the name in the graph of what a body calls {@code argument}, {@code node:output:0} or {@code ^node}. */
    private String tensor(String input) {
        if (input.startsWith("^")) {
            String argument = arguments.get(input.substring(1));
            return "^" + (argument == null ? inGraph(input.substring(1)) : GraphNames.operationOf(argument));
        }
        String[] parts = input.split(":", -1);
        if (arguments.containsKey(parts[0])) {
            return arguments.getOrDefault(parts[0], "");
        }
        NodeDef node = body.get(parts[0]);
        int position = parts.length == 3 ? GraphNames.indexOf("_:" + parts[2]) : 0;
        int index = node == null || parts.length < 2 || position < 0
                ? -1
                : inliner.operations().indexOf(node, parts[1], position);
        if (index < 0) {
            throw malformed("tensor '%s'".formatted(input), "none");
        }
        return inGraph(parts[0]) + ":" + index;
    }

    private ProgramException malformed(String expected, String found) {
        return new ProgramException(
                inliner.what(),
                "expected %s in function '%s', found %s. Export it again"
                        .formatted(expected, function.getSignature().getName(), found));
    }
}
