package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;

/**
 * Puts the operations of a graph on a device, those that say nothing of one: functions run where they are called from.
 *
 * <p>In the graph, since TensorFlow's other setting, which devices are visible, holds for the process.
 */
final class Placement {

    private Placement() {}

    /** Returns a serialised GraphDef, placed. */
    static byte[] ofGraph(byte[] graphDef, String device) throws InvalidProtocolBufferException {
        GraphDef.Builder graph = GraphDef.parseFrom(graphDef).toBuilder();
        place(graph, device);
        return graph.build().toByteArray();
    }

    /** Returns a serialised SavedModel, all its graphs placed. */
    static byte[] ofSavedModel(byte[] savedModel, String device) throws InvalidProtocolBufferException {
        SavedModel.Builder model = SavedModel.parseFrom(savedModel).toBuilder();
        for (MetaGraphDef.Builder metaGraph : model.getMetaGraphsBuilderList()) {
            place(metaGraph.getGraphDefBuilder(), device);
        }
        return model.build().toByteArray();
    }

    private static void place(GraphDef.Builder graph, String device) {
        for (NodeDef.Builder node : graph.getNodeBuilderList()) {
            if (node.getDevice().isEmpty()) {
                node.setDevice(device);
            }
        }
    }
}
