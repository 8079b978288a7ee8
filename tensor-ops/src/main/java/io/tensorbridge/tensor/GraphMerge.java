package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.VersionDef;

/**
 * Adds one graph to another, whose operations and functions keep their names; those of the added one that clash get others,
 * and so do its loops and its resources, which would be one with the other graph's.
 */
final class GraphMerge {

    private static final String COLOCATED = "loc:@";

    private final GraphDef base;
    private final GraphDef added;
    private final State state;
    private final Map<String, String> nodes = new HashMap<>();
    private final Map<String, String> functions = new HashMap<>();
    private final Map<String, String> frames;
    private final Map<String, String> resources;
    private final Set<String> shared = new HashSet<>();

    /** What becomes of variables and tables that both graphs have under one name. */
    enum State {
        /** They are two. */
        APART,
        /** They are one, since both graphs are of one model. */
        SHARED
    }

    GraphMerge(GraphDef base, GraphDef added, State state) {
        this.base = base;
        this.added = added;
        this.state = state;
        nameFunctions();
        nameNodes();
        this.frames = renamed(base, added, GraphMerge::frameOf);
        this.resources = state == State.SHARED ? Map.of() : renamed(base, added, GraphMerge::resourceOf);
    }

    /** Returns the name that a tensor of the added graph has in the merged one. */
    String tensor(String ofAdded) {
        return ofAdded.startsWith("^")
                ? "^" + node(ofAdded.substring(1))
                : node(GraphNames.operationOf(ofAdded))
                        + ofAdded.substring(GraphNames.operationOf(ofAdded).length());
    }

    private String node(String ofAdded) {
        return nodes.getOrDefault(ofAdded, ofAdded);
    }

    /**
     * Returns the merged graph.
     *
     * @param ofBase what becomes of the inputs of the base's nodes
     * @param ofAdded what becomes of the inputs of the added nodes, under their names in the merged graph
     */
    GraphDef merged(UnaryOperator<String> ofBase, UnaryOperator<String> ofAdded) {
        var merged = base.toBuilder().clearNode().setVersions(versions(base.getVersions(), added.getVersions()));
        base.getNodeList().forEach(node -> merged.addNode(rewired(node, ofBase)));
        added.getNodeList().stream()
                .filter(node -> !shared.contains(node.getName()))
                .forEach(node -> merged.addNode(rewired(moved(node), ofAdded)));
        FunctionDefLibrary.Builder library = merged.getLibraryBuilder();
        Set<String> there = names(base.getLibrary());
        for (FunctionDef function : added.getLibrary().getFunctionList()) {
            if (!there.contains(function(function.getSignature().getName()))) {
                library.addFunction(moved(function));
            }
        }
        added.getLibrary().getGradientList().stream()
                .map(gradient -> gradient.toBuilder()
                        .setFunctionName(function(gradient.getFunctionName()))
                        .setGradientFunc(function(gradient.getGradientFunc()))
                        .build())
                .filter(gradient -> library.getGradientList().stream()
                        .noneMatch(known -> known.getFunctionName().equals(gradient.getFunctionName())))
                .forEach(library::addGradient);
        return merged.build();
    }

    private static NodeDef rewired(NodeDef node, UnaryOperator<String> inputs) {
        return node.toBuilder()
                .clearInput()
                .addAllInput(node.getInputList().stream().map(inputs).toList())
                .build();
    }

    /** A graph may do what the older of two versions may, and asks for what the newer asks for. */
    private static VersionDef versions(VersionDef one, VersionDef other) {
        return one.toBuilder()
                .setProducer(Math.min(one.getProducer(), other.getProducer()))
                .setMinConsumer(Math.max(one.getMinConsumer(), other.getMinConsumer()))
                .addAllBadConsumers(other.getBadConsumersList())
                .build();
    }

    /**
     * Renames whole scopes, all that is named {@code scope/…}. TensorFlow names what it takes out of a function after the call,
     * and would end the process if a node of that name came with the other graph.
     */
    private void nameNodes() {
        Map<String, NodeDef> known = new HashMap<>();
        base.getNodeList().forEach(node -> known.put(node.getName(), node));
        Set<String> ofBase = known.keySet().stream().map(GraphMerge::scopeOf).collect(Collectors.toSet());
        Set<String> taken = new HashSet<>(ofBase);
        added.getNodeList().forEach(node -> taken.add(scopeOf(node.getName())));
        Map<String, String> scopes = new HashMap<>();
        for (NodeDef node : added.getNodeList()) {
            String scope = scopeOf(node.getName());
            if (state == State.SHARED
                    && node.equals(known.get(node.getName()))
                    && Capture.of(node).isPresent()) {
                shared.add(node.getName());
            } else if (ofBase.contains(scope)) {
                String free = scopes.computeIfAbsent(scope, clashing -> GraphEdits.free(clashing, taken));
                nodes.put(node.getName(), free + node.getName().substring(scope.length()));
            }
        }
    }

    private static String scopeOf(String node) {
        int slash = node.indexOf('/');
        return slash < 0 ? node : node.substring(0, slash);
    }

    /** Functions that are the same in both graphs, with all that they call, are there once. */
    private void nameFunctions() {
        Map<String, FunctionDef> known = new HashMap<>();
        base.getLibrary()
                .getFunctionList()
                .forEach(f -> known.put(f.getSignature().getName(), f));
        Map<String, FunctionDef> clashing = new LinkedHashMap<>();
        Set<String> differing = new HashSet<>();
        for (FunctionDef function : added.getLibrary().getFunctionList()) {
            FunctionDef same = known.get(function.getSignature().getName());
            if (same != null) {
                clashing.put(function.getSignature().getName(), function);
                if (!same.equals(function)) {
                    differing.add(function.getSignature().getName());
                }
            }
        }
        boolean more = !differing.isEmpty();
        while (more) {
            more = false;
            for (var function : clashing.entrySet()) {
                if (!differing.contains(function.getKey())
                        && function.getValue().getNodeDefList().stream()
                                .flatMap(node -> GraphNames.functionsOf(node).stream())
                                .anyMatch(differing::contains)) {
                    more = differing.add(function.getKey());
                }
            }
        }
        Set<String> taken = names(added.getLibrary());
        taken.addAll(known.keySet());
        differing.stream().sorted().forEach(name -> functions.put(name, GraphEdits.free(name, taken)));
    }

    private static Set<String> names(FunctionDefLibrary library) {
        return library.getFunctionList().stream()
                .map(function -> function.getSignature().getName())
                .collect(Collectors.toCollection(HashSet::new));
    }

    private String function(String ofAdded) {
        return functions.getOrDefault(ofAdded, ofAdded);
    }

    private interface Naming {
        @Nullable
        String nameOf(NodeDef node);
    }

    private static @Nullable String frameOf(NodeDef node) {
        AttrValue frame = node.getAttrMap().get("frame_name");
        return frame == null ? null : frame.getS().toStringUtf8();
    }

    /** Variables share by this name even if it is empty; other resources then go by their node's. */
    private static @Nullable String resourceOf(NodeDef node) {
        AttrValue name = node.getAttrMap().get("shared_name");
        boolean named = name != null && !name.getS().isEmpty();
        return named || node.getOp().equals("VarHandleOp")
                ? (name == null ? "" : name.getS().toStringUtf8())
                : null;
    }

    /** Returns new names for what both graphs name alike. */
    private static Map<String, String> renamed(GraphDef base, GraphDef added, Naming naming) {
        Set<String> taken = names(base, naming);
        Set<String> ofAdded = names(added, naming);
        Map<String, String> renamed = new HashMap<>();
        List<String> clashing =
                ofAdded.stream().filter(taken::contains).sorted().toList();
        taken.addAll(ofAdded);
        clashing.forEach(name -> renamed.put(name, GraphEdits.free(name, taken)));
        return renamed;
    }

    private static Set<String> names(GraphDef graph, Naming naming) {
        return Stream.concat(
                        graph.getNodeList().stream(),
                        graph.getLibrary().getFunctionList().stream().flatMap(f -> f.getNodeDefList().stream()))
                .flatMap(node -> Stream.ofNullable(naming.nameOf(node)))
                .collect(Collectors.toCollection(HashSet::new));
    }

    private FunctionDef moved(FunctionDef function) {
        var moved = function.toBuilder().clearNodeDef();
        moved.getSignatureBuilder().setName(function(function.getSignature().getName()));
        function.getNodeDefList().forEach(node -> moved.addNodeDef(withNames(node)));
        return moved.build();
    }

    private NodeDef moved(NodeDef node) {
        var moved = withNames(node).toBuilder().setName(node(node.getName())).clearInput();
        node.getInputList().forEach(input -> moved.addInput(tensor(input)));
        AttrValue colocation = node.getAttrMap().get("_class");
        if (colocation != null) {
            moved.putAttr(
                    "_class",
                    Attrs.texts(colocation.getList().getSList().stream()
                            .map(bytes -> bytes.toStringUtf8())
                            .map(with -> with.startsWith(COLOCATED)
                                    ? COLOCATED + node(with.substring(COLOCATED.length()))
                                    : with)
                            .toList()));
        }
        return moved.build();
    }

    /** Returns a node that names functions, loops and resources as the merged graph does. */
    private NodeDef withNames(NodeDef node) {
        var moved = node.toBuilder().setOp(function(node.getOp()));
        node.getAttrMap().forEach((name, value) -> moved.putAttr(name, withNames(value)));
        String frame = frameOf(node);
        if (frame != null && frames.containsKey(frame)) {
            moved.putAttr("frame_name", Attrs.text(frames.getOrDefault(frame, frame)));
        }
        String resource = resourceOf(node);
        if (resource != null && resources.containsKey(resource)) {
            moved.putAttr("shared_name", Attrs.text(resources.getOrDefault(resource, resource)));
        }
        return moved.build();
    }

    private AttrValue withNames(AttrValue value) {
        if (value.hasFunc()) {
            return value.toBuilder().setFunc(withNames(value.getFunc())).build();
        }
        if (value.getList().getFuncCount() == 0) {
            return value;
        }
        var list = value.getList().toBuilder().clearFunc();
        value.getList().getFuncList().forEach(function -> list.addFunc(withNames(function)));
        return value.toBuilder().setList(list).build();
    }

    private NameAttrList withNames(NameAttrList function) {
        var moved = function.toBuilder().setName(function(function.getName()));
        function.getAttrMap().forEach((name, value) -> moved.putAttr(name, withNames(value)));
        return moved.build();
    }
}
