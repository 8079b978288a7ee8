package io.tensorbridge.model.internal;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.internal.OperationList.Use;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.AssetFileDef;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.SaverDef;

/**
 * The scan of one metagraph.
 *
 * <p>TensorFlow's loader runs two things: the operation that restores variables, for which it feeds the saver's file name,
 * and the operation that initialises the model. For both it feeds the paths of the assets. What they need may read files
 * under such names; what the outputs of a signature need may not. What neither needs never runs, so that a function for
 * training, which writes variables, is let be.
 */
final class MetaGraphScan {

    private static final String ASSETS = "saved_model_assets";

    private final MetaGraphDef metaGraph;
    private final ScannedGraph graph;
    private final String suffix;
    private final ModelPolicy policy;
    private final List<Finding> findings = new ArrayList<>();
    private final List<ModelScan.Allowance> allowances = new ArrayList<>();

    MetaGraphScan(MetaGraphDef metaGraph, String suffix, ModelPolicy policy) {
        this.metaGraph = metaGraph;
        this.graph = new ScannedGraph(metaGraph.getGraphDef());
        this.suffix = suffix;
        this.policy = policy;
        graph.forEachNode(this::checkAnywhere);
        checkFunctions();
        checkSignatures();
        checkFileNames();
    }

    List<Finding> findings() {
        return findings;
    }

    List<ModelScan.Allowance> allowances() {
        return allowances;
    }

    private void checkAnywhere(String function, NodeDef node) {
        String where = ModelScan.where(function, node, suffix);
        String op = node.getOp();
        Optional<OperationList.Entry> entry = OperationList.standard().entry(op);
        if (policy.allowedOps().contains(op)) {
            allowances.add(new ModelScan.Allowance(where, op));
        } else if (entry.isEmpty() && graph.function(op) == null) {
            findings.add(new Finding(
                    where,
                    "an operation of TensorFlow " + OperationList.TENSORFLOW,
                    op,
                    "Export the model with that version or an older one, and without operations of others"));
        } else if (entry.isPresent() && entry.get().use() == Use.REFUSED) {
            findings.add(new Finding(
                    where,
                    "an operation that a model may have",
                    "%s, which %s".formatted(op, entry.get().reason()),
                    "Export the model without it, or allow it: ModelPolicy.standard().allowOps(\"%s\")".formatted(op)));
        }
        Constants.check(where, node).ifPresent(findings::add);
    }

    /**
     * A function that is named like an operation could be taken for it, here or by TensorFlow; and what an attribute is if a
     * call does not give it, would be where no node names it.
     */
    private void checkFunctions() {
        for (FunctionDef function : metaGraph.getGraphDef().getLibrary().getFunctionList()) {
            String name = ScannedGraph.nameOf(function);
            if (OperationList.standard().entry(name).isPresent()) {
                findings.add(new Finding(
                        "function '%s'%s".formatted(name, suffix),
                        "a name of its own",
                        "that of an operation",
                        "Export the model again"));
            }
            List<AttrValue> defaults = function.getSignature().getAttrList().stream()
                    .map(OpDef.AttrDef::getDefaultValue)
                    .toList();
            if (defaults.stream().anyMatch(AttrValue::hasTensor)
                    || !GraphNames.functionsIn(defaults).isEmpty()) {
                findings.add(new Finding(
                        "function '%s'%s".formatted(name, suffix),
                        "attributes that each call gives",
                        "a function or a tensor for calls that give none",
                        "Export the model again"));
            }
        }
    }

    private void checkSignatures() {
        Set<String> outputs = new HashSet<>();
        metaGraph.getSignatureDefMap().forEach((key, signature) -> {
            if (!key.equals(Initialisers.SIGNATURE)) {
                outputs.addAll(Initialisers.tensorsOf(signature));
            }
        });
        graph.forEachNode(
                graph.reach(outputs, Set.of()),
                (function, node) -> OperationList.standard()
                        .entry(node.getOp())
                        .filter(entry -> entry.use() == Use.FILES)
                        .filter(entry -> !policy.allowedOps().contains(node.getOp()))
                        .ifPresent(entry -> findings.add(
                                ModelScan.notInOutputs(ModelScan.where(function, node, suffix), node, entry))));
    }

    private void checkFileNames() {
        Set<String> assets = new HashSet<>();
        for (AssetFileDef asset : assets()) {
            assets.add(ScannedGraph.canonical(asset.getTensorInfo().getName()));
            if (!isBelow(asset.getFilename())) {
                findings.add(new Finding(
                        "asset '%s'%s".formatted(asset.getTensorInfo().getName(), suffix),
                        "the name of a file below assets",
                        "'%s'".formatted(asset.getFilename()),
                        "Export the model again"));
            }
        }
        SaverDef saver = metaGraph.getSaverDef();
        Set<String> fedToSaver = new HashSet<>(assets);
        fedToSaver.add(ScannedGraph.canonical(saver.getFilenameTensorName()));
        Set<Finding> found = new LinkedHashSet<>();
        checkFileNames(List.of(saver.getRestoreOpName(), saver.getSaveTensorName()), fedToSaver, found);
        checkFileNames(Initialisers.of(metaGraph), assets, found);
        findings.addAll(found);
    }

    private void checkFileNames(List<String> roots, Set<String> fed, Set<Finding> found) {
        new FileNames(graph, fed, (function, node) -> {
                    if (!policy.allowedOps().contains(node.getOp())) {
                        found.add(new Finding(
                                ModelScan.where(function, node, suffix),
                                "%s to name a file of the model".formatted(node.getOp()),
                                FileNames.constantName(graph, function, node)
                                        .map("'%s'"::formatted)
                                        .orElse("a name that comes from elsewhere"),
                                "Export the file as an asset of the model"));
                    }
                })
                .check(graph.reach(roots, Set.of()).nodes());
    }

    /** The assets stand in the metagraph or, in older models, in a collection. */
    private List<AssetFileDef> assets() {
        if (metaGraph.getAssetFileDefCount() > 0) {
            return metaGraph.getAssetFileDefList();
        }
        List<AssetFileDef> assets = new ArrayList<>();
        CollectionDef collection = metaGraph.getCollectionDefOrDefault(ASSETS, CollectionDef.getDefaultInstance());
        for (Any any : collection.getAnyList().getValueList()) {
            try {
                assets.add(AssetFileDef.parseFrom(any.getValue()));
            } catch (InvalidProtocolBufferException e) {
                findings.add(new Finding(
                        "collection '%s'%s".formatted(ASSETS, suffix),
                        "the assets of the model",
                        "bytes that name none (%s)".formatted(e.getMessage()),
                        "Export the model again"));
            }
        }
        return assets;
    }

    private static boolean isBelow(String path) {
        return !path.isEmpty()
                && !path.startsWith("/")
                && path.indexOf('\\') < 0
                && path.indexOf('\0') < 0
                && Stream.of(path.split("/", -1))
                        .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
    }
}
