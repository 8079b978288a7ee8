package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.internal.OperationList.Use;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;

/**
 * What a policy says of the operations of a model, found out before TensorFlow sees any of it.
 *
 * <p>All metagraphs are looked at, and all functions of theirs, whether anything calls them or not.
 *
 * @param findings what the policy does not allow, in the order of the model
 * @param allowances operations that are there because the policy allows more than the standard one
 */
public record ModelScan(List<Finding> findings, List<Allowance> allowances) {

    private static final long MOST_NODES = 1_000_000;
    private static final int MOST_FUNCTIONS = 10_000;

    public ModelScan {
        findings = List.copyOf(findings);
        allowances = List.copyOf(allowances);
    }

    /**
     * An operation that a policy allows by its name.
     *
     * @param where the operation, such as {@code operation 'read' of function 'f'}
     * @param op its type, such as {@code ReadFile}
     */
    public record Allowance(String where, String op) {}

    /** Scans a graph that has no saver, and nothing that prepares it. */
    public static ModelScan of(GraphDef graph, ModelPolicy policy) {
        return of(List.of(MetaGraphDef.newBuilder().setGraphDef(graph).build()), policy);
    }

    /** Scans all of a saved model. */
    public static ModelScan of(SavedModel model, ModelPolicy policy) {
        return of(model.getMetaGraphsList(), policy);
    }

    private static ModelScan of(List<MetaGraphDef> metaGraphs, ModelPolicy policy) {
        List<Finding> findings = new ArrayList<>(tooMuch(metaGraphs));
        List<Allowance> allowances = new ArrayList<>();
        if (findings.isEmpty()) {
            for (MetaGraphDef metaGraph : metaGraphs) {
                String suffix = metaGraphs.size() == 1
                        ? ""
                        : " of metagraph " + metaGraph.getMetaInfoDef().getTagsList();
                var scan = new MetaGraphScan(metaGraph, suffix, policy);
                findings.addAll(scan.findings());
                allowances.addAll(scan.allowances());
            }
        }
        return new ModelScan(findings, allowances);
    }

    /**
     * Scans what outputs need, for operations that are to run only while a model is loaded.
     *
     * @param graph a graph that was scanned before
     * @param tensors names of tensors or of operations
     * @param fed tensors that are fed, such as {@code x:0}
     */
    public static ModelScan ofOutputs(GraphDef graph, Collection<String> tensors, Set<String> fed, ModelPolicy policy) {
        var scanned = new ScannedGraph(graph);
        List<Finding> findings = new ArrayList<>();
        List<Allowance> allowances = new ArrayList<>();
        scanned.forEachNode(scanned.reach(tensors, fed), (function, node) -> {
            Optional<OperationList.Entry> entry = OperationList.standard().entry(node.getOp());
            entry.filter(known -> known.use() == Use.WRITES || known.use() == Use.FILES)
                    .ifPresent(known -> {
                        String where = where(function, node, "");
                        if (policy.allowedOps().contains(node.getOp())) {
                            allowances.add(new Allowance(where, node.getOp()));
                        } else {
                            findings.add(notInOutputs(where, node, known));
                        }
                    });
        });
        return new ModelScan(findings, allowances);
    }

    static String where(String function, NodeDef node, String suffix) {
        return "operation '%s'%s%s"
                .formatted(node.getName(), function.isEmpty() ? "" : " of function '%s'".formatted(function), suffix);
    }

    static Finding notInOutputs(String where, NodeDef node, OperationList.Entry entry) {
        return new Finding(
                where,
                "outputs that do not need it",
                "%s, which %s".formatted(node.getOp(), entry.reason()),
                "Export a signature without it, or allow it: ModelPolicy.standard().allowOps(\"%s\")"
                        .formatted(node.getOp()));
    }

    /** A model that is too large to look at is not looked at. */
    private static List<Finding> tooMuch(List<MetaGraphDef> metaGraphs) {
        List<Finding> findings = new ArrayList<>();
        long functions = 0;
        long nodes = 0;
        for (MetaGraphDef metaGraph : metaGraphs) {
            var library = metaGraph.getGraphDef().getLibrary().getFunctionList();
            functions += library.size();
            nodes += metaGraph.getGraphDef().getNodeCount();
            nodes += library.stream()
                    .mapToLong(function -> function.getNodeDefCount())
                    .sum();
        }
        if (functions > MOST_FUNCTIONS) {
            findings.add(tooMany("functions", MOST_FUNCTIONS, functions));
        }
        if (nodes > MOST_NODES) {
            findings.add(tooMany("operations", MOST_NODES, nodes));
        }
        return findings;
    }

    private static Finding tooMany(String what, long most, long count) {
        return new Finding("number of " + what, "at most " + most, String.valueOf(count), "Export the model in parts");
    }
}
