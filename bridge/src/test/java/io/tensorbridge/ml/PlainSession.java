package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.op.image.ResizeBilinear;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** The network over files, in a session of TensorFlow's own, a file at a time: what a stage is to give. */
final class PlainSession {

    private PlainSession() {}

    /** Returns the features of files, scaled to -1 to 1. */
    static List<float[]> features(List<byte[]> files) {
        List<float[]> features = new ArrayList<>();
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            Placeholder<TString> content = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
            var pixels = tf.image.decodeImage(
                    content, TUint8.class, DecodeImage.channels(3L), DecodeImage.expandAnimations(false));
            var resized = tf.image.resizeBilinear(
                    tf.expandDims(pixels, tf.constant(0)),
                    tf.constant(new int[] {SmallModels.SIDE, SmallModels.SIDE}),
                    ResizeBilinear.halfPixelCenters(true));
            var scaled = tf.math.sub(tf.math.div(resized, tf.constant(127.5f)), tf.constant(1f));
            var output = SmallModels.features(tf, scaled);
            try (var session = new Session(graph)) {
                for (byte[] file : files) {
                    try (var bytes = TString.tensorOfBytes(NdArrays.scalarOfObject(file));
                            var result = session.runner()
                                    .feed(content, bytes)
                                    .fetch(output)
                                    .run()) {
                        var values = (TFloat32) result.get(0);
                        float[] row = new float[(int) values.size()];
                        for (int i = 0; i < row.length; i++) {
                            row[i] = values.getFloat(0, i);
                        }
                        features.add(row);
                    }
                }
            }
        }
        return features;
    }
}
