package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.Initialisers;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;

/** What gives a saved model's variables and tables their values when it is loaded. */
final class ModelState {

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

    /** Returns all that is run when the model is loaded; in no order, which attributes and so calls have none of. */
    private static Set<NodeDef> initialisation(MetaGraphDef metaGraph) {
        List<String> operations = new ArrayList<>(Initialisers.of(metaGraph));
        operations.add(metaGraph.getSaverDef().getRestoreOpName());
        GraphClosure closure = GraphClosure.of(metaGraph.getGraphDef(), operations);
        Set<NodeDef> nodes = new HashSet<>(closure.nodes());
        nodes.addAll(closure.functionNodes());
        return nodes;
    }
}
