package io.tensorbridge.benchmarks;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.examples.ExampleFiles;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.Graph;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A model, and what it is to run over.
 *
 * @param name what the figures are called
 * @param map the model through Spark
 * @param loop the model without
 * @param schema the columns, one for each input
 * @param rows the distinct rows, an array for each column
 * @param repeats how often a job goes through them, for each core
 * @param tensors makes a block's tensors out of some of the rows, by the names of the inputs
 */
record ModelJob(
        String name,
        MapBlocks map,
        Loop loop,
        StructType schema,
        List<Object[]> rows,
        int repeats,
        TensorsOfRows tensors) {

    interface Loop {
        PlainLoop open() throws IOException;
    }

    interface TensorsOfRows {
        Map<String, Tensor> of(List<Object[]> rows);
    }

    private static final int SIDE = 224;
    private static final int PIXELS = SIDE * SIDE * 3;
    private static final int PICTURES = 400;
    private static final int TOKENS = 128;
    private static final int WORDS = 30_522;
    private static final int SENTENCES = 40;

    /** Features of pictures that are bytes, brought into 0 to 1 before the network. */
    static ModelJob mobilenetOfBytes() {
        Program scale = Program.build(tf ->
                outputs("image", scaled(tf, placeholder(tf, "pixels", TUint8.class, Shape.of(-1, SIDE, SIDE, 3)))));
        var random = new Random(4);
        List<Object[]> pictures = IntStream.range(0, PICTURES)
                .mapToObj(i -> {
                    byte[] picture = new byte[PIXELS];
                    random.nextBytes(picture);
                    return new Object[] {picture};
                })
                .toList();
        return new ModelJob(
                "mobilenet",
                mapBlocks(mobilenet().after(scale))
                        .shape("pixels", SIDE, SIDE, 3)
                        .fetch("features"),
                () -> PlainLoop.ofGraph(scaledMobilenet(), "features"),
                new StructType().add("pixels", "binary", false),
                pictures,
                12,
                rows -> Map.of("pixels", TUint8.tensorOf(pictures(rows.size()), tensor -> {
                    for (int i = 0; i < rows.size(); i++) {
                        tensor.get(i).copyFrom(DataBuffers.of((byte[]) rows.get(i)[0], false, false));
                    }
                })));
    }

    /** Features of pictures that are floats in 0 to 1: 600 kB each. */
    static ModelJob mobilenetOfFloats() {
        var random = new Random(4);
        List<Object[]> pictures = IntStream.range(0, PICTURES)
                .mapToObj(i -> {
                    float[] picture = new float[PIXELS];
                    for (int at = 0; at < PIXELS; at++) {
                        picture[at] = random.nextInt(256) / 255f;
                    }
                    return new Object[] {picture};
                })
                .toList();
        return new ModelJob(
                "mobilenet-floats",
                mapBlocks(mobilenet()).shape("image", SIDE, SIDE, 3).fetch("features"),
                () -> PlainLoop.ofSavedModel(ExampleFiles.data("mobilenet_v2_block13"), "features"),
                new StructType().add("image", "array<float>", false),
                pictures,
                12,
                rows -> Map.of("image", TFloat32.tensorOf(pictures(rows.size()), tensor -> {
                    for (int i = 0; i < rows.size(); i++) {
                        tensor.get(i).copyFrom(DataBuffers.of((float[]) rows.get(i)[0], false, false));
                    }
                })));
    }

    /** Embeddings of 128 tokens a row. */
    static ModelJob bert() {
        var random = new Random(4);
        List<Object[]> sentences = IntStream.range(0, SENTENCES)
                .mapToObj(i -> {
                    int[] mask = new int[TOKENS];
                    Arrays.fill(mask, 1);
                    return new Object[] {random.ints(TOKENS, 1_000, WORDS).toArray(), mask, new int[TOKENS]};
                })
                .toList();
        return new ModelJob(
                "bert",
                mapBlocks(Program.fromSavedModel(ExampleFiles.bert())).fetch("pooled_output"),
                () -> PlainLoop.ofSavedModel(ExampleFiles.bert(), "pooled_output"),
                new StructType()
                        .add("input_ids", "array<int>", false)
                        .add("input_mask", "array<int>", false)
                        .add("segment_ids", "array<int>", false),
                sentences,
                5,
                rows -> Map.of("input_ids", ints(rows, 0), "input_mask", ints(rows, 1), "segment_ids", ints(rows, 2)));
    }

    private static TInt32 ints(List<Object[]> rows, int column) {
        return TInt32.tensorOf(Shape.of(rows.size(), TOKENS), tensor -> {
            for (int i = 0; i < rows.size(); i++) {
                tensor.get(i).copyFrom(DataBuffers.of((int[]) rows.get(i)[column], false, false));
            }
        });
    }

    private static Shape pictures(int count) {
        return Shape.of(count, SIDE, SIDE, 3);
    }

    private static Program mobilenet() {
        return Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));
    }

    private static org.tensorflow.Operand<TFloat32> scaled(Ops tf, org.tensorflow.Operand<TUint8> pixels) {
        return tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
    }

    /** The network with the scaling in place of its input, as one would join them by hand. */
    private static GraphDef scaledMobilenet() throws IOException {
        GraphDef network = SavedModel.parseFrom(
                        Files.readAllBytes(ExampleFiles.data("mobilenet_v2_block13/saved_model.pb")))
                .getMetaGraphs(0)
                .getGraphDef();
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph).withSubScope("scale");
            var pixels = Ops.create(graph)
                    .withName("pixels")
                    .placeholder(TUint8.class, Placeholder.shape(Shape.of(-1, SIDE, SIDE, 3)));
            String scaled = scaled(tf, pixels).op().name();
            GraphDef.Builder joined = graph.toGraphDef().toBuilder();
            for (NodeDef node : network.getNodeList()) {
                joined.addNode(node.getOp().equals(Placeholder.OP_NAME) ? identity(node, scaled) : node);
            }
            return joined.build();
        }
    }

    private static NodeDef identity(NodeDef placeholder, String of) {
        return NodeDef.newBuilder()
                .setName(placeholder.getName())
                .setOp("Identity")
                .addInput(of)
                .putAttr("T", placeholder.getAttrOrThrow("dtype"))
                .build();
    }
}
