package io.tensorbridge.model.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;

/** What TensorFlow's loader runs of a saved model, after variables are restored. */
public final class Initialisers {

    /** The signature that newer models name it by. */
    static final String SIGNATURE = "__saved_model_init_op";

    private static final List<String> COLLECTIONS = List.of("saved_model_main_op", "legacy_init_op"); // of older ones

    private Initialisers() {}

    /** Returns the names of operations or of their tensors. */
    public static List<String> of(MetaGraphDef metaGraph) {
        List<String> initialisers = new ArrayList<>(
                tensorsOf(metaGraph.getSignatureDefOrDefault(SIGNATURE, SignatureDef.getDefaultInstance())));
        for (String name : COLLECTIONS) {
            initialisers.addAll(metaGraph
                    .getCollectionDefOrDefault(name, CollectionDef.getDefaultInstance())
                    .getNodeList()
                    .getValueList());
        }
        return initialisers;
    }

    /** Returns the names of the tensors behind a signature's outputs, in whatever form they are. */
    static List<String> tensorsOf(SignatureDef signature) {
        return signature.getOutputsMap().values().stream()
                .flatMap(info -> Stream.concat(
                        Stream.of(
                                info.getName(),
                                info.getCooSparse().getValuesTensorName(),
                                info.getCooSparse().getIndicesTensorName(),
                                info.getCooSparse().getDenseShapeTensorName()),
                        info.getCompositeTensor().getComponentsList().stream().map(component -> component.getName())))
                .filter(name -> !name.isEmpty())
                .toList();
    }
}
