package io.tensorbridge.tensor;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Graphs with functions, which TensorFlow Java does not make, written down as text. */
final class TextGraphs {

    /**
     * The function {@code outer} of {@code x: double[n, 4]}: what {@code scaled} makes of x, in halves; the best two of a row and
     * their numbers; and the sum of the second half. It calls {@code scaled} by its own name, and {@code summed} by a node.
     */
    static final String FUNCTIONS = """
            library {
              function {
                signature {
                  name: "outer"
                  input_arg { name: "a" type: DT_DOUBLE }
                  output_arg { name: "best" type: DT_DOUBLE }
                  output_arg { name: "number" type: DT_INT32 }
                  output_arg { name: "sum" type: DT_DOUBLE }
                  is_stateful: true
                }
                node_def { name: "first" op: "scaled" input: "a" attr { key: "T" value { type: DT_DOUBLE } } }
                node_def { name: "axis" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
                  attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 1 } } } }
                node_def { name: "halves" op: "Split" input: "axis:output:0" input: "first:c:0"
                  attr { key: "T" value { type: DT_DOUBLE } } attr { key: "num_split" value { i: 2 } } }
                node_def { name: "two" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
                  attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 2 } } } }
                node_def { name: "finite" op: "CheckNumerics" input: "a"
                  attr { key: "T" value { type: DT_DOUBLE } } attr { key: "message" value { s: "not finite" } } }
                node_def { name: "top" op: "TopKV2" input: "first:c:0" input: "two:output:0" input: "^finite"
                  attr { key: "T" value { type: DT_DOUBLE } } attr { key: "sorted" value { b: true } }
                  attr { key: "_class" value { list { s: "loc:@first" s: "loc:@a" } } } }
                node_def { name: "summed" op: "PartitionedCall" input: "halves:output:1" input: "axis:output:0" input: "^a"
                  attr { key: "Tin" value { list { type: DT_DOUBLE type: DT_INT32 } } }
                  attr { key: "Tout" value { list { type: DT_DOUBLE } } }
                  attr { key: "f" value { func { name: "summed" attr { key: "T" value { type: DT_DOUBLE } } } } } }
                node_def { name: "again" op: "scaled" input: "summed:output:0" attr { key: "T" value { type: DT_DOUBLE } } }
                ret { key: "best" value: "top:values:0" }
                ret { key: "number" value: "top:indices:0" }
                ret { key: "sum" value: "again:c:0" }
                control_ret { key: "finite" value: "finite" }
              }
              function {
                signature {
                  name: "scaled"
                  input_arg { name: "b" type_attr: "T" }
                  output_arg { name: "c" type_attr: "T" }
                  attr { name: "T" type: "type" }
                }
                node_def { name: "twice" op: "AddV2" input: "b" input: "b" attr { key: "T" value { placeholder: "T" } } }
                node_def { name: "square" op: "Square" input: "twice:z:0" attr { key: "T" value { placeholder: "T" } } }
                ret { key: "c" value: "square:y:0" }
              }
              function {
                signature {
                  name: "summed"
                  input_arg { name: "values" type_attr: "T" }
                  input_arg { name: "along" type: DT_INT32 }
                  output_arg { name: "sum" type_attr: "T" }
                  attr { name: "T" type: "type" }
                }
                node_def { name: "root" op: "Sqrt" input: "values" attr { key: "T" value { placeholder: "T" } } }
                node_def { name: "sum" op: "Sum" input: "root:y:0" input: "along"
                  attr { key: "T" value { placeholder: "T" } } attr { key: "Tidx" value { type: DT_INT32 } } }
                ret { key: "sum" value: "sum:output:0" }
              }
            }
            """;

    /** A placeholder {@code x: double[n, 4]} and a call of {@code outer} on it. */
    static final String CALL_OF_OUTER = """
            node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } }
              attr { key: "shape" value { shape { dim { size: -1 } dim { size: 4 } } } } }
            node { name: "call" op: "StatefulPartitionedCall" input: "x"
              attr { key: "Tin" value { list { type: DT_DOUBLE } } }
              attr { key: "Tout" value { list { type: DT_DOUBLE type: DT_INT32 type: DT_DOUBLE } } }
              attr { key: "f" value { func { name: "outer" } } } }
            versions { producer: 1882 }
            """;

    /** A placeholder {@code x: double[n]} and a call of a function that negates it, and checks it besides. */
    static final String CALL_OF_CHECKED = """
            library {
              function {
                signature {
                  name: "checked"
                  input_arg { name: "a" type: DT_DOUBLE }
                  output_arg { name: "c" type: DT_DOUBLE }
                  is_stateful: true
                }
                node_def { name: "negated" op: "Neg" input: "a" attr { key: "T" value { type: DT_DOUBLE } } }
                node_def { name: "finite" op: "CheckNumerics" input: "a"
                  attr { key: "T" value { type: DT_DOUBLE } } attr { key: "message" value { s: "not finite" } } }
                ret { key: "c" value: "negated:y:0" }
                control_ret { key: "finite" value: "finite" }
              }
            }
            node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } }
              attr { key: "shape" value { shape { dim { size: -1 } } } } }
            node { name: "call" op: "StatefulPartitionedCall" input: "x"
              attr { key: "Tin" value { list { type: DT_DOUBLE } } }
              attr { key: "Tout" value { list { type: DT_DOUBLE } } }
              attr { key: "f" value { func { name: "checked" } } } }
            versions { producer: 1882 }
            """;

    private TextGraphs() {}

    static GraphDef graph(String... parts) {
        try {
            var graph = GraphDef.newBuilder();
            TextFormat.merge(String.join("\n", parts), graph);
            return graph.build();
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(e);
        }
    }

    /** Writes a saved model of one signature; the operation {@code init}, if the graph has one, is run when it is loaded. */
    static Program savedModel(
            Path directory, GraphDef graph, Map<String, TensorInfo> inputs, Map<String, TensorInfo> outputs)
            throws IOException {
        var metaGraph = MetaGraphDef.newBuilder().setGraphDef(graph);
        metaGraph.getMetaInfoDefBuilder().addTags("serve");
        metaGraph.putSignatureDef(
                "serving_default",
                SignatureDef.newBuilder()
                        .putAllInputs(inputs)
                        .putAllOutputs(outputs)
                        .build());
        if (graph.getNodeList().stream().anyMatch(node -> node.getName().equals("init"))) {
            metaGraph.putSignatureDef(
                    "__saved_model_init_op",
                    SignatureDef.newBuilder()
                            .putOutputs(
                                    "__saved_model_init_op",
                                    TensorInfo.newBuilder().setName("init").build())
                            .build());
        }
        Files.createDirectories(directory);
        Files.write(
                directory.resolve("saved_model.pb"),
                SavedModel.newBuilder()
                        .setSavedModelSchemaVersion(1)
                        .addMetaGraphs(metaGraph)
                        .build()
                        .toByteArray());
        return Program.fromSavedModel(directory);
    }
}
