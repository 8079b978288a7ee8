package io.tensorbridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat64;

/** Saved models that are not what they say. */
final class BrokenModels {

    private BrokenModels() {}

    /** A model named {@code broken}, {@code z = x + 1}, whose files are sound, and which fails when it is loaded. */
    static Path thatCannotBeLoaded(Path directory) throws IOException {
        Path model = Files.createDirectories(directory.resolve("broken"));
        var meta = MetaGraphDef.newBuilder();
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            tf.withName("z").math.add(x, tf.constant(1.0));
            tf.withName("init").assertThat(tf.constant(false), List.of(tf.constant("never right")));
            meta.setGraphDef(graph.toGraphDef());
        }
        meta.getMetaInfoDefBuilder().addTags("serve");
        meta.putSignatureDef(
                "serving_default",
                SignatureDef.newBuilder()
                        .putInputs("x", info("x:0"))
                        .putOutputs("z", info("z:0"))
                        .build());
        meta.putSignatureDef(
                "__saved_model_init_op",
                SignatureDef.newBuilder()
                        .putOutputs(
                                "__saved_model_init_op",
                                TensorInfo.newBuilder().setName("init").build())
                        .build());
        Files.write(
                model.resolve("saved_model.pb"),
                SavedModel.newBuilder()
                        .setSavedModelSchemaVersion(1)
                        .addMetaGraphs(meta)
                        .build()
                        .toByteArray());
        return model;
    }

    private static TensorInfo info(String tensor) {
        return TensorInfo.newBuilder()
                .setName(tensor)
                .setDtype(DataType.DT_DOUBLE)
                .setTensorShape(TensorShapeProto.newBuilder()
                        .addDim(TensorShapeProto.Dim.newBuilder().setSize(-1)))
                .build();
    }
}
