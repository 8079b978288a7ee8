package io.tensorbridge;

import static io.tensorbridge.BadData.PLUS;
import static io.tensorbridge.BadData.negate;
import static io.tensorbridge.BadInput.driver;
import static io.tensorbridge.BadInput.mismatch;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.reduceBlocks;

import com.google.protobuf.ByteString;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.tensor.Program;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.VersionDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Graphs that are none, that TensorFlow does not know, or that cannot run. */
final class BadGraphs {

    private static final String CUT_SHORT =
            "While parsing a protocol message, the input ended unexpectedly in the middle of a field.  This could mean either that the input has been truncated or that an embedded message misreported its own length.";

    private BadGraphs() {}

    static List<BadInput> cases() {
        List<BadInput> cases = new ArrayList<>();
        addFiles(cases);
        addOperations(cases);
        addTypesAndShapes(cases);
        return cases;
    }

    private static BadInput bytes(String what, byte[] bytes, String why) {
        return driver(
                38,
                what,
                spark -> Program.fromGraphDef(bytes, "z"),
                "Cannot read graph: expected a serialised GraphDef, found %d bytes that are none (%s). Export it again, in binary form"
                        .formatted(bytes.length, why));
    }

    private static void addFiles(List<BadInput> cases) {
        byte[] graph = graph(placeholder("x"), typed(node("z", "Neg", "x"))).toByteArray();
        cases.add(bytes("junk", new byte[] {1, 2, 3}, "Protocol message contained an invalid tag (zero)."));
        cases.add(bytes(
                "text",
                "node { name: \"z\" op: \"Neg\" }".getBytes(StandardCharsets.UTF_8),
                "Protocol message tag had invalid wire type."));
        for (int percent : new int[] {10, 50, 90, 99}) {
            cases.add(bytes(percent + " % of a graph", Arrays.copyOf(graph, graph.length * percent / 100), CUT_SHORT));
        }
        cases.add(driver(
                38,
                "no bytes",
                spark -> Program.fromGraphDef(new byte[0], "z"),
                "Cannot read graph: expected a GraphDef with operations, found none. Export it again"));
        cases.add(
                driver(
                        38,
                        "a graph without the operation to fetch",
                        spark -> Program.fromGraphDef(graph, "y"),
                        "Cannot fetch 'y': expected an operation 'y' in the graph, found [x, z]. Mend fromGraphDef(graph, \"…\")"));
        cases.add(
                driver(
                        39,
                        "a graph of more than 2 GiB",
                        spark -> Program.fromGraphDef(large(), "c0"),
                        "Cannot read graph: expected a GraphDef of at most 2147483647 bytes, found one of 2214594581. Keep large values as variables of a saved model"));
    }

    /** More than 2 GiB on paper, and in memory the one value that all its constants share. */
    private static GraphDef large() {
        var value = AttrValue.newBuilder()
                .setTensor(TensorProto.newBuilder()
                        .setDtype(DataType.DT_INT8)
                        .setTensorShape(TensorShapeProto.newBuilder()
                                .addDim(TensorShapeProto.Dim.newBuilder().setSize(1 << 26)))
                        .setTensorContent(ByteString.copyFrom(new byte[1 << 26])))
                .build();
        var graph = GraphDef.newBuilder();
        for (int i = 0; i < 33; i++) {
            graph.addNode(node("c" + i, "Const")
                    .putAttr("dtype", type(DataType.DT_INT8))
                    .putAttr("value", value));
        }
        return graph.build();
    }

    private static void addOperations(List<BadInput> cases) {
        cases.add(driver(
                40, "an operation that TensorFlow does not know", spark -> read(node("z", "TensorFlow3Op")), """
                        Cannot read graph: expected what its policy allows, found more:
                          - operation 'z': expected an operation of TensorFlow 2.18.0, found TensorFlow3Op. Export the model with that version or an older one, and without operations of others"""));
        cases.add(
                driver(
                        40,
                        "a graph for a newer TensorFlow",
                        spark -> Program.fromGraphDef(
                                graph(placeholder("x"), typed(node("z", "Neg", "x"))).toBuilder()
                                        .setVersions(VersionDef.newBuilder()
                                                .setProducer(90_000)
                                                .setMinConsumer(90_000))
                                        .build(),
                                "z"),
                        "Cannot read graph: expected one that TensorFlow 2.18.0 imports, found it refused (GraphDef min consumer version 90000 above current version 1994 for TensorFlow 2.18.0.  Please upgrade TensorFlow.). Mend the graph, or export it again"));
        cases.add(
                mismatch(
                        41,
                        "an operation without a kernel for the CPU",
                        spark -> mapBlocks(Program.fromGraphDef(
                                        ModelPolicy.standard().allowOps("NcclAllReduce"),
                                        graph(
                                                placeholder("x"),
                                                typed(node("z", "NcclAllReduce", "x"))
                                                        .putAttr("reduction", text("sum"))
                                                        .putAttr(
                                                                "num_devices",
                                                                AttrValue.newBuilder()
                                                                        .setI(1)
                                                                        .build())
                                                        .putAttr("shared_name", text("all"))),
                                        "z"))
                                .apply(column(spark)),
                        "z",
                        "operation 'z': expected a kernel for the CPU, found kernels for [] of NcclAllReduce. Put another operation in its place"));
        cases.add(
                driver(
                        42,
                        "an input that is not there",
                        spark -> read(typed(node("z", "Neg", "nowhere"))),
                        "Cannot read graph: expected an operation 'nowhere', which operation 'z' takes its input from, found none. Export the whole graph"));
        cases.add(
                driver(
                        42,
                        "operations that wait for each other",
                        spark -> read(typed(node("y", "Neg", "z")), typed(node("z", "Neg", "y"))),
                        "Cannot read graph: expected one that TensorFlow 2.18.0 imports, found it refused (2 nodes in a cycle). Mend the graph, or export it again"));
        cases.add(
                mismatch(
                        50,
                        "random numbers in a reduction",
                        spark -> reduceBlocks(Program.build(tf -> {
                                            var x = TensorFrames.placeholder(
                                                    tf, "x_input", TFloat64.class, Shape.of(-1));
                                            var noise =
                                                    tf.random.randomUniform(tf.constant(new int[0]), TFloat64.class);
                                            return outputs("x", tf.math.add(tf.sum(x, tf.constant(0)), noise));
                                        })
                                        .named("noisy"))
                                .apply(column(spark)),
                        "noisy",
                        "operation 'RandomUniform': expected f(f(a), f(b)) to be f(a and b), found RandomUniform, which gives other numbers each time. Draw them in mapBlocks, before the reduction"));
        cases.add(
                mismatch(
                        55,
                        "more values than a column can hold, whatever the data",
                        spark -> mapBlocks(Program.build(tf -> {
                                            var x = TensorFrames.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                                            var huge = tf.fill(
                                                    tf.constant(new int[] {100_000, 100_000}), tf.constant(1.0));
                                            var sum = tf.sum(huge, tf.constant(new int[] {0, 1}));
                                            return outputs("y", tf.math.add(x, sum));
                                        })
                                        .named("huge"))
                                .apply(column(spark)),
                        "huge",
                        "operation 'Fill': expected Fill to make at most 2147483647 values, found shape [100000, 100000]. Make it smaller in the program"));
    }

    private static void addTypesAndShapes(List<BadInput> cases) {
        cases.add(
                mismatch(
                        43,
                        "a column of another type",
                        spark -> mapBlocks(PLUS).apply(spark.range(3).selectExpr("float(id) as x")),
                        "plus",
                        "input 'x': expected DT_DOUBLE[?], found column 'x' of DT_FLOAT[?]. Cast it: col(\"x\").cast(\"double\")"));
        cases.add(
                mismatch(
                        44,
                        "a column of another rank",
                        spark -> mapBlocks(PLUS).apply(spark.range(3).selectExpr("array(1D) as x")),
                        "plus",
                        "input 'x': expected DT_DOUBLE[?], found column 'x' of DT_DOUBLE[?, ?]. Run a program over cells with mapRows, or feed a column of cells of that shape"));
        cases.add(
                mismatch(
                        44,
                        "a program for blocks of so many rows",
                        spark -> mapBlocks(negate(TFloat32.class, Shape.of(32, 2)))
                                .apply(spark.range(3).selectExpr("array(1F, 2F) as x")),
                        "negate",
                        "input 'x': expected any number of rows, found DT_FLOAT[32, 2], which takes 32 only. Export the program with an unknown first dimension, or run it with mapRows",
                        "output 'y': expected one row for each input row, found DT_FLOAT[32, 2]. Use trim() if the program changes the number of rows"));
        cases.add(
                mismatch(
                        47,
                        "a scalar where rows are mapped",
                        spark -> mapBlocks(Program.build(tf -> {
                                            var x = TensorFrames.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                                            return outputs("y", tf.reduceSum(x, tf.constant(0)));
                                        })
                                        .named("one"))
                                .apply(column(spark)),
                        "one",
                        "output 'y': expected a dimension of rows, found DT_DOUBLE[]. Reduce rows with reduceBlocks, or run a program over cells with mapRows"));
        cases.add(noColumn(
                "DT_COMPLEX128[?]",
                placeholder("x"),
                node("z", "Cast", "x")
                        .putAttr("SrcT", type(DataType.DT_DOUBLE))
                        .putAttr("DstT", type(DataType.DT_COMPLEX128))));
        cases.add(noColumn(
                "DT_RESOURCE[]",
                node("z", "VarHandleOp")
                        .putAttr("dtype", type(DataType.DT_DOUBLE))
                        .putAttr("shape", vector())));
        cases.add(noColumn(
                "DT_VARIANT[]",
                placeholder("x"),
                typed(node("z", "OptionalFromValue", "x"))
                        .clearAttr()
                        .putAttr(
                                "Toutput_types",
                                AttrValue.newBuilder()
                                        .setList(
                                                AttrValue.ListValue.newBuilder().addType(DataType.DT_DOUBLE))
                                        .build())));
        cases.add(noColumn(
                "DT_DOUBLE_REF[?]",
                node("z", "VariableV2")
                        .putAttr("dtype", type(DataType.DT_DOUBLE))
                        .putAttr("shape", vector())));
    }

    private static BadInput noColumn(String found, NodeDef.Builder... nodes) {
        return mismatch(
                48,
                "an output of " + found,
                spark -> mapBlocks(read(nodes)).apply(column(spark)),
                "z",
                "output 'z': expected a type that a column can hold, found %s. Cast it in the program, or fetch other outputs with fetch(\"…\")"
                        .formatted(found));
    }

    private static Dataset<Row> column(SparkSession spark) {
        return spark.range(0, 3, 1, 1).selectExpr("double(id) as x");
    }

    private static Program read(NodeDef.Builder... nodes) {
        return Program.fromGraphDef(graph(nodes), "z");
    }

    private static GraphDef graph(NodeDef.Builder... nodes) {
        var graph = GraphDef.newBuilder();
        List.of(nodes).forEach(graph::addNode);
        return graph.build();
    }

    private static NodeDef.Builder node(String name, String op, String... inputs) {
        return NodeDef.newBuilder().setName(name).setOp(op).addAllInput(List.of(inputs));
    }

    private static NodeDef.Builder placeholder(String name) {
        return node(name, "Placeholder")
                .putAttr("dtype", type(DataType.DT_DOUBLE))
                .putAttr("shape", vector());
    }

    private static NodeDef.Builder typed(NodeDef.Builder node) {
        return node.putAttr("T", type(DataType.DT_DOUBLE));
    }

    private static AttrValue text(String text) {
        return AttrValue.newBuilder().setS(ByteString.copyFromUtf8(text)).build();
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    private static AttrValue vector() {
        return AttrValue.newBuilder()
                .setShape(TensorShapeProto.newBuilder()
                        .addDim(TensorShapeProto.Dim.newBuilder().setSize(-1)))
                .build();
    }
}
