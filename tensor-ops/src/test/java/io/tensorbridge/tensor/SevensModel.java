package io.tensorbridge.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.Graph;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat64;

/** A saved model {@code z = x + v} with a variable v = 7, and {@code half = x / 2} beside it, for tests. */
public final class SevensModel {

    private SevensModel() {}

    /**
     * Makes the model, with a second signature {@code halves} that has {@code half} alone. TensorFlow Java's exporter leaves
     * a handle open, so this is to be done before any test.
     */
    public static void export(Path directory) throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var v = tf.withName("v").variable(Shape.scalar(), TFloat64.class);
            var assign = tf.assign(v, tf.constant(7.0));
            var x = tf.withName("in").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            var z = tf.withName("out").math.add(x, v);
            var half = tf.withName("half").math.div(x, tf.constant(2.0));
            try (var session = new Session(graph)) {
                session.runner().addTarget(assign).run().close();
                SavedModelBundle.exporter(directory.toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("x", x)
                                .output("z", z)
                                .output("half", half)
                                .build())
                        .withSignature(Signature.builder()
                                .key("halves")
                                .input("x", x)
                                .output("half", half)
                                .build())
                        .export();
            }
        }
    }

    /** Copies a model, for a test to spoil. */
    public static Path copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    /** Makes a checkpoint of a model, as TensorFlow's {@code Saver} writes them: its files under a prefix in one directory. */
    public static Path checkpoint(Path model, Path directory, String prefix) throws IOException {
        Files.createDirectories(directory);
        var saved = SavedModel.parseFrom(Files.readAllBytes(model.resolve("saved_model.pb")));
        var metaGraph = saved.getMetaGraphs(0).toBuilder();
        metaGraph.getMetaInfoDefBuilder().clearTags();
        Files.write(directory.resolve(prefix + ".meta"), metaGraph.build().toByteArray());
        for (String suffix : new String[] {".index", ".data-00000-of-00001"}) {
            Files.copy(model.resolve("variables/variables" + suffix), directory.resolve(prefix + suffix));
        }
        return directory;
    }
}
