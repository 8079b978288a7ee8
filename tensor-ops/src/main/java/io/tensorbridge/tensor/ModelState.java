package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.ModelFiles;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** What gives a saved model's variables and tables their values when it is loaded. */
final class ModelState {

    private static final String INIT_SIGNATURE = "__saved_model_init_op";
    private static final Set<String> INIT_COLLECTIONS = Set.of("saved_model_main_op", "legacy_init_op");

    private ModelState() {}

    /**
     * Returns whether two programs are made of one saved model, whatever has been done to its graph since, so that a variable or
     * table of one name is the same in both.
     */
    static boolean areOfOneModel(Program one, Program other) {
        if (!one.tags().equals(other.tags()) || !restOf(one).equals(restOf(other))) {
            return false;
        }
        MetaGraphDef first = ProgramGraph.metaGraph(one);
        MetaGraphDef second = ProgramGraph.metaGraph(other);
        return withoutGraph(first).equals(withoutGraph(second))
                && initialisation(first).equals(initialisation(second));
    }

    private static String restOf(Program program) {
        return program.files().with(ModelFiles.SAVED_MODEL, new byte[0]).digest();
    }

    private static MetaGraphDef withoutGraph(MetaGraphDef metaGraph) {
        return metaGraph.toBuilder().clearGraphDef().build();
    }

    private static GraphClosure initialisation(MetaGraphDef metaGraph) {
        GraphDef graph = metaGraph.getGraphDef();
        Set<String> operations = new TreeSet<>();
        metaGraph
                .getSignatureDefOrDefault(INIT_SIGNATURE, SignatureDef.getDefaultInstance())
                .getOutputsMap()
                .values()
                .stream()
                .map(TensorInfo::getName)
                .forEach(operations::add);
        metaGraph.getCollectionDefMap().forEach((name, collection) -> {
            if (INIT_COLLECTIONS.contains(name)) {
                operations.addAll(collection.getNodeList().getValueList());
            }
        });
        operations.add(metaGraph.getSaverDef().getRestoreOpName());
        return GraphClosure.of(
                graph,
                List.copyOf(operations).stream().map(GraphClosure::operationOf).toList());
    }
}
