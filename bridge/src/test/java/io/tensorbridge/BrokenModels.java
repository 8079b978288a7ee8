package io.tensorbridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SaverDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

/** Saved models that are not what they say. */
final class BrokenModels {

    private BrokenModels() {}

    /** A model named {@code broken}, {@code z = x + v}, whose checkpoint is junk. */
    static Path withCorruptVariables(Path directory) throws IOException {
        Path model = Files.createDirectories(directory.resolve("broken"));
        var meta = MetaGraphDef.newBuilder();
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var v = tf.withName("v").variable(Shape.scalar(), TFloat64.class);
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            tf.withName("z").math.add(x, v);
            var file = tf.withName("file").placeholder(TString.class, Placeholder.shape(Shape.scalar()));
            var restored = tf.train.restore(file, tf.array("v"), tf.array(""), java.util.List.of(TFloat64.class));
            @SuppressWarnings("unchecked")
            var value = (org.tensorflow.Operand<TFloat64>) restored.tensors().get(0);
            tf.withName("restore").assign(v, value);
            meta.setGraphDef(graph.toGraphDef());
        }
        meta.getMetaInfoDefBuilder().addTags("serve");
        meta.setSaverDef(SaverDef.newBuilder()
                .setFilenameTensorName("file:0")
                .setRestoreOpName("restore")
                .setVersion(SaverDef.CheckpointFormatVersion.V2));
        meta.putSignatureDef(
                "serving_default",
                SignatureDef.newBuilder()
                        .putInputs("x", info("x:0"))
                        .putOutputs("z", info("z:0"))
                        .build());
        Files.write(
                model.resolve("saved_model.pb"),
                SavedModel.newBuilder()
                        .setSavedModelSchemaVersion(1)
                        .addMetaGraphs(meta)
                        .build()
                        .toByteArray());
        Path variables = Files.createDirectories(model.resolve("variables"));
        Files.writeString(variables.resolve("variables.index"), "no checkpoint at all");
        Files.writeString(variables.resolve("variables.data-00000-of-00001"), "none either");
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
