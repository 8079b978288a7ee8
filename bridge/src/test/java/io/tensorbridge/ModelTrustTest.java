package io.tensorbridge;

import static io.tensorbridge.TensorFrames.aggregate;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.reduceBlocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

/** What the configuration of a SparkContext says of models. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class ModelTrustTest {

    private static SparkConf conf(SparkSession spark) {
        return spark.sparkContext().conf();
    }

    @AfterEach
    void forget(SparkSession spark) {
        conf(spark).remove(TensorFramesOptions.ALLOW_OPS).remove(TensorFramesOptions.REQUIRE_PINNED_MODELS);
    }

    private static Dataset<Row> numbers(SparkSession spark) {
        return spark.range(0, 3, 1, 1).selectExpr("double(id) as x", "id % 2 as k");
    }

    private static GraphDef graph(boolean reduces) {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var x = tf.withName(reduces ? "x_input" : "x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
            if (reduces) {
                tf.withName("x").sum(x, tf.constant(0));
            } else {
                tf.withName("z").math.neg(x);
            }
            return graph.toGraphDef();
        }
    }

    private static Program built() {
        return Program.build(tf -> {
            var x = TensorFrames.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return TensorFrames.outputs("z", tf.math.neg(x));
        });
    }

    @Test
    void runsModelsWithoutAPinUnlessTheContextAsksForOne(SparkSession spark) {
        Program model = Program.fromGraphDef(graph(/* reduces= */ false), "z");
        assertThat(mapBlocks(model).apply(numbers(spark)).collectAsList()).hasSize(3);
        assertThat(model.unpinnedModels()).containsExactly(Map.entry("z", model.sha256()));
    }

    @Test
    void refusesModelsWithoutAPinWhereTheContextAsksForOne(SparkSession spark) {
        Dataset<Row> df = numbers(spark);
        conf(spark).set(TensorFramesOptions.REQUIRE_PINNED_MODELS, "true");
        Program model = Program.fromGraphDef(graph(/* reduces= */ false), "z");
        assertRefused(
                model.named("negate"),
                "z",
                model.sha256(),
                () -> mapBlocks(model.named("negate")).apply(df));
        Program sum = Program.fromGraphDef(graph(/* reduces= */ true), "x");
        assertRefused(sum, "x", sum.sha256(), () -> reduceBlocks(sum).apply(df));
        assertRefused(sum, "x", sum.sha256(), () -> aggregate(sum).by("k").apply(df));
        assertThatThrownBy(() -> TensorFrames.register(spark, "negate", model))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot register program 'z' as function 'negate':
                          - model 'z': expected it to be pinned, as spark.tensorbridge.requirePinnedModels asks, found no pin. Load it with sha256("%s")""", model.sha256());
        // what driver code builds is no model
        assertThat(mapBlocks(built()).apply(df).collectAsList()).hasSize(3);
    }

    private static void assertRefused(Program program, String model, String sha256, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot run program '%s' on this DataFrame:
                          - model '%s': expected it to be pinned, as spark.tensorbridge.requirePinnedModels asks, found no pin. Load it with sha256("%s")""", program.name(), model, sha256);
    }

    @Test
    void runsModelsThatWereLoadedWithAPin(SparkSession spark, @TempDir Path folder) throws IOException {
        Files.write(folder.resolve("negate.pb"), graph(/* reduces= */ false).toByteArray());
        conf(spark).set(TensorFramesOptions.REQUIRE_PINNED_MODELS, "true");
        ModelLoader loader = Models.at(spark, folder.toUri().toString());
        Program unpinned = loader.graphDef("negate.pb", List.of("x"), List.of("z"));
        Program pinned = loader.sha256(unpinned.sha256()).graphDef("negate.pb", List.of("x"), List.of("z"));
        assertThat(pinned.unpinnedModels()).isEmpty();
        assertThat(mapBlocks(pinned).apply(numbers(spark)).collectAsList()).hasSize(3);
        assertThatThrownBy(() -> mapBlocks(unpinned).apply(numbers(spark)))
                .isInstanceOf(SignatureMismatchException.class);
        // a join is no better than its parts
        assertThat(pinned.then(unpinned, Map.of("x", "z")).unpinnedModels()).hasSize(1);
    }

    /** What is saved is a model, also if the driver's own code has built it. */
    @Test
    void takesSavedProgramsForModels(SparkSession spark, @TempDir Path folder) {
        conf(spark).set(TensorFramesOptions.REQUIRE_PINNED_MODELS, "true");
        Program negation = built().named("negation");
        String place = folder.resolve("negation").toUri().toString();
        String saved = Models.save(spark, negation, place);
        Program unpinned = Models.at(spark, place).program();
        Dataset<Row> df = numbers(spark);
        assertRefused(unpinned, "negation", saved, () -> mapBlocks(unpinned).apply(df));
        Program pinned = Models.at(spark, place).sha256(saved).program();
        assertThat(mapBlocks(pinned).apply(df).collectAsList()).hasSize(3);

        Program reader = Program.build(tf -> {
            var path = TensorFrames.placeholder(tf, "path", TString.class, Shape.of());
            return TensorFrames.outputs("bytes", tf.withName("read").io.readFile(path));
        });
        Models.overwrite(spark, reader, place);
        assertThatThrownBy(() -> Models.at(spark, place).program())
                .isInstanceOf(ProgramException.class)
                .hasMessage("""
                        Cannot load model 'negation': expected what its policy allows, found more:
                          - operation 'read': expected an operation that a model may have, found ReadFile, which reads or writes files that it names itself. Export the model without it, or allow it: ModelPolicy.standard().allowOps("ReadFile")""");
        conf(spark).set(TensorFramesOptions.ALLOW_OPS, "ReadFile");
        assertThat(Models.at(spark, place).program()).isEqualTo(reader);
    }

    @Test
    void logsWhatAPolicyAllowsBeyondTheStandardOne() {
        var reads = GraphDef.newBuilder()
                .addNode(NodeDef.newBuilder()
                        .setName("file")
                        .setOp("Placeholder")
                        .putAttr(
                                "dtype",
                                AttrValue.newBuilder()
                                        .setType(DataType.DT_STRING)
                                        .build()))
                .addNode(NodeDef.newBuilder().setName("z").setOp("ReadFile").addInput("file"))
                .build();
        List<String> lines = new ArrayList<>();
        var appender = new AbstractAppender("lines", null, null, true, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                lines.add(event.getLevel() + " " + event.getMessage().getFormattedMessage());
            }
        };
        appender.start();
        var logger = (Logger) LogManager.getLogger("io.tensorbridge.tensor.ModelCheck");
        logger.addAppender(appender);
        try {
            Program program = Program.fromGraphDef(ModelPolicy.standard().allowOps("ReadFile"), reads, "z");
            assertThat(lines)
                    .containsExactly("WARN Allowed ReadFile as operation 'z' of model %s for user %s"
                            .formatted(program.sha256(), System.getProperty("user.name")));
        } finally {
            logger.removeAppender(appender);
        }
    }

    /** What a session sets does not reach the context's configuration. */
    @Test
    void takesNoWordFromASession(SparkSession spark) {
        SparkSession session = spark.newSession();
        session.sql("SET spark.tensorbridge.allowOps=ReadFile");
        assertThat(TensorFramesOptions.modelPolicy(session.sparkContext())).isEqualTo(ModelPolicy.standard());

        conf(spark).set(TensorFramesOptions.REQUIRE_PINNED_MODELS, "true");
        session.sql("SET spark.tensorbridge.requirePinnedModels=false");
        Program model = Program.fromGraphDef(graph(/* reduces= */ false), "z");
        assertThatThrownBy(() -> mapBlocks(model).apply(numbers(session)))
                .isInstanceOf(SignatureMismatchException.class);
    }

    @Test
    void readsThePolicyOffTheContext(SparkSession spark) {
        conf(spark).set(TensorFramesOptions.ALLOW_OPS, " ReadFile, AssignVariableOp ,");
        assertThat(TensorFramesOptions.modelPolicy(spark.sparkContext()).allowedOps())
                .isEqualTo(new TreeSet<>(List.of("AssignVariableOp", "ReadFile")));
    }

    @Test
    void refusesSettingsThatAreNone(SparkSession spark) {
        conf(spark).set(TensorFramesOptions.ALLOW_OPS, "ReadFiles");
        assertThatThrownBy(() -> TensorFramesOptions.modelPolicy(spark.sparkContext()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid spark.tensorbridge.allowOps: must be names of operations, separated by commas, found 'ReadFiles' (Invalid operation to allow: must be one of TensorFlow 2.18.0, found 'ReadFiles'. Mend allowOps(\"ReadFiles\"): names like it are [ReadFile])");
        conf(spark).set(TensorFramesOptions.REQUIRE_PINNED_MODELS, "yes");
        assertThatThrownBy(() -> mapBlocks(built()).apply(numbers(spark)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid spark.tensorbridge.requirePinnedModels: must be true or false, found 'yes'");
    }
}
