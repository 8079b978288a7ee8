package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TensorValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Programs that were trained: what is made of them, and that they are the same wherever they are loaded. */
@ExtendWith(NativeMemoryExtension.class)
class TrainedProgramsTest {

    private static final float[][] ROWS = {{1, 2, 3}, {-1, 0, 2}, {0.5f, -2, 1}, {3, 1, -1}};

    @TempDir
    Path directory;

    /** A layer with dropout, a moving average and a frozen variable, over a label of three classes. */
    static TrainingProgram layers() {
        return TrainingProgram.build(t -> {
                    var tf = t.ops();
                    var x = t.input("x", TFloat32.class, 3);
                    var label = t.label("label", TInt32.class, 3);
                    var scale = t.variable("scale", Initialiser.constant(2), 3);
                    var mean = t.variable("mean", Initialiser.zeros(), 3);
                    var now = tf.math.mean(x, tf.constant(0));
                    t.update(
                            "mean",
                            tf.math.add(tf.math.mul(mean, tf.constant(0.9f)), tf.math.mul(now, tf.constant(0.1f))));
                    var hidden = t.dropout(tf.math.mul(tf.math.sub(x, mean), scale), 0.5);
                    var scores = tf.math.add(
                            tf.linalg.matMul(hidden, t.variable("dense/kernel", Initialiser.uniform(-1, 1), 3, 3)),
                            t.variable("dense/bias", Initialiser.zeros(), 3));
                    var truth = tf.oneHot(label, tf.constant(3), tf.constant(1f), tf.constant(0f));
                    t.loss(tf.math.mean(
                            tf.nn.softmaxCrossEntropyWithLogits(scores, truth).loss(), tf.constant(0)));
                    t.metric("largest", tf.max(scores, tf.constant(new int[] {0, 1})));
                    t.metric("bias", tf.math.mean(scores, tf.constant(new int[] {0, 1})));
                    t.output("scores", scores);
                    t.output("half", tf.math.mul(scores, tf.constant(0.5f)));
                })
                .frozen("scale");
    }

    /** The rows, as tensors. */
    private static final class Batch implements AutoCloseable {

        private final TFloat32 x = TFloat32.tensorOf(StdArrays.ndCopyOf(ROWS));
        private final TInt32 label = TInt32.vectorOf(0, 2, 1, 2);

        Map<String, Tensor> tensors() {
            return Map.of("x", x, "label", label);
        }

        @Override
        public void close() {
            x.close();
            label.close();
        }
    }

    private static UpdateRule sgd() {
        return StepRun.rule(Optimizer.sgd(), 0.1);
    }

    /** Trains for some steps, and saves a checkpoint of the weights. */
    private Path trained(TrainingProgram program, int steps) {
        try (StepRun run = StepRun.of(program, sgd());
                var batch = new Batch()) {
            for (int i = 0; i < steps; i++) {
                run.step(batch.tensors(), 0.1);
            }
            run.file(
                    run.graph().targets().saving().saveWeights(),
                    directory.resolve("variables").toString());
        }
        return directory;
    }

    /** What the outputs of the program itself are after so many steps. */
    private static Map<String, float[]> computed(TrainingProgram program, int steps) {
        Map<String, float[]> outputs = new TreeMap<>();
        try (StepRun run = StepRun.of(program, sgd());
                var batch = new Batch()) {
            for (int i = 0; i < steps; i++) {
                run.step(batch.tensors(), 0.1);
            }
            program.outputs()
                    .forEach(output -> outputs.put(
                            output.name(),
                            run.compute(
                                    output.tensor(), Map.of("x", batch.tensors().get("x")))));
        }
        return outputs;
    }

    private static void assertEqual(Map<String, float[]> found, Map<String, float[]> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(found.get(name)).as(name).containsExactly(values, within(1e-6f)));
    }

    @Test
    void areProgramsWithTheirVariablesAsConstants(BufferAllocator allocator) {
        Program program = TrainedPrograms.program(layers(), trained(layers(), 3));
        assertThat(program.signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactly("x: DT_FLOAT[?, 3]");
        assertThat(program.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("scores: DT_FLOAT[?, 3]", "half: DT_FLOAT[?, 3]");
        assertThat(program.copiesInputsBecauseOf()).isEmpty();
        assertEqual(RowsRun.run(program, "x", ROWS, allocator), computed(layers(), 3));
    }

    @Test
    void areTheSameFromAMapOfValues(BufferAllocator allocator) {
        Path checkpoint = trained(layers(), 2);
        Program program = TrainedPrograms.program(layers(), TrainedPrograms.values(checkpoint));
        assertThat(program.sha256())
                .isEqualTo(TrainedPrograms.program(layers(), checkpoint).sha256());
        assertEqual(RowsRun.run(program, "x", ROWS, allocator), computed(layers(), 2));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void areSavedModels(boolean fromFiles, BufferAllocator allocator) {
        Path saved = saved(2, fromFiles);
        Program program = Program.fromSavedModel(saved);
        assertThat(program.signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactly("x: DT_FLOAT[?, 3]");
        assertEqual(RowsRun.run(program, "x", ROWS, allocator), computed(layers(), 2));
        assertThat(Program.signatures(saved).toString()).isEqualTo("""
                        Model saved
                          tags [serve]
                            signature evaluate
                              input   label: DT_INT32[?]
                              input   x: DT_FLOAT[?, 3]
                              output  bias: DT_FLOAT[]
                              output  largest: DT_FLOAT[]
                              output  loss: DT_FLOAT[]
                            signature serving_default
                              input   x: DT_FLOAT[?, 3]
                              output  half: DT_FLOAT[?, 3]
                              output  scores: DT_FLOAT[?, 3]
                            signature train
                              input   label: DT_INT32[?]
                              input   x: DT_FLOAT[?, 3]
                              output  bias: DT_FLOAT[]
                              output  largest: DT_FLOAT[]
                              output  loss: DT_FLOAT[]
                            signature updates
                              input   x: DT_FLOAT[?, 3]
                              output  mean: DT_FLOAT[3]""");
    }

    private Path saved(int steps, boolean fromFiles) {
        Path saved = directory.resolve("saved");
        Path checkpoint = trained(layers(), steps);
        if (fromFiles) {
            TrainedPrograms.save(layers(), checkpoint, ModelTarget.of(saved));
        } else {
            TrainedPrograms.save(layers(), TrainedPrograms.values(checkpoint), ModelTarget.of(saved));
        }
        return saved;
    }

    @Test
    void areLoadedByTensorFlowJava() {
        Path saved = saved(2, /* fromFiles= */ false);
        try (var bundle = SavedModelBundle.load(saved.toString(), "serve");
                var batch = new Batch();
                var result = bundle.function("train").call(batch.tensors())) {
            assertThat(result).hasSize(3);
        }
        try (var bundle = SavedModelBundle.load(saved.toString(), "serve");
                var x = TFloat32.tensorOf(StdArrays.ndCopyOf(ROWS));
                var result = bundle.function("serving_default").call(Map.of("x", x))) {
            assertThat(StepRun.floats((TFloat32) result.get("scores").orElseThrow()))
                    .containsExactly(computed(layers(), 2).get("scores"), within(1e-6f));
        }
    }

    @Test
    void areTrainedOnFromWhereTheyWere() {
        TrainingProgram again = TrainingProgram.fromSavedModel(saved(2, /* fromFiles= */ true));
        TrainingProgram first = layers();
        assertThat(again.inputs()).hasToString(first.inputs().toString());
        assertThat(again.ranges()).isEqualTo(first.ranges());
        assertThat(again.metrics()).containsExactly("largest", "bias");
        assertThat(again.outputs()).extracting(TrainingProgram.Tensor::name).containsExactly("scores", "half");
        assertThat(again.variables())
                .extracting(TrainedVariable::name, TrainedVariable::role)
                .isEqualTo(first.variables().stream()
                        .map(variable -> tuple(variable.name(), variable.role()))
                        .toList());
        try (StepRun run = StepRun.of(again, sgd());
                StepRun whole = StepRun.of(first, sgd());
                var batch = new Batch()) {
            whole.step(batch.tensors(), 0.1);
            whole.step(batch.tensors(), 0.1);
            run.skip(2);
            for (int i = 0; i < 3; i++) {
                assertThat(run.step(batch.tensors(), 0.1))
                        .containsExactly(whole.step(batch.tensors(), 0.1), within(1e-6f));
            }
            for (TrainedVariable variable : first.variables()) {
                assertThat(run.weights(variable.name()))
                        .as(variable.name())
                        .containsExactly(whole.weights(variable.name()), within(1e-6f));
            }
            run.evaluate(batch.tensors(), 1);
            whole.evaluate(batch.tensors(), 1);
            assertThat(run.total()).containsExactly(whole.total(), within(1e-6f));
        }
    }

    @Test
    void areSavedAgainAsTheyWere() throws IOException {
        Path saved = saved(1, /* fromFiles= */ false);
        Path again = directory.resolve("again");
        TrainedPrograms.save(
                TrainingProgram.fromSavedModel(saved),
                TrainedPrograms.values(Program.load(ModelFolder.of(saved)).signature("train")),
                ModelTarget.of(again));
        TrainingProgram third = TrainingProgram.fromSavedModel(again);
        assertThat(third.variables())
                .isEqualTo(TrainingProgram.fromSavedModel(saved).variables());
        assertThat(third.training()).isEqualTo(layers().training());
    }

    @Test
    void readRowsOfTables(BufferAllocator allocator) {
        TrainingProgram program = table();
        Program frozen = TrainedPrograms.program(
                program, Map.of("table", TensorValue.of(Shape.of(4, 2), 0f, 1, 10, 11, 20, 21, 30, 31)));
        assertThat(RowsRun.run(frozen, "word", new float[][] {{3, 0}, {1, 2}}, allocator)
                        .get("row"))
                .containsExactly(30, 31, 0, 1, 10, 11, 20, 21);
    }

    /** Looks rows up in a variable, by numbers that are floats here for want of another column. */
    private static TrainingProgram table() {
        return ofNodes(
                "ResourceGather",
                "row",
                node -> node.addInput("table")
                        .addInput("index")
                        .putAttr("dtype", type(DataType.DT_FLOAT))
                        .putAttr("Tindices", type(DataType.DT_INT32))
                        .putAttr(
                                "validate_indices",
                                AttrValue.newBuilder().setB(true).build()));
    }

    private static TrainingProgram ofNodes(String op, String output, UnaryOperator<NodeDef.Builder> operation) {
        TrainingProgram made = TrainingProgram.build(t -> {
            var tf = t.ops();
            var word = t.input("word", TFloat32.class, 2);
            t.output("word", word);
            tf.withName("index").dtypes.cast(word, TInt32.class);
            t.loss(tf.math.mean(
                    tf.math.mul(
                            t.variable("table", Initialiser.zeros(), 4, 2),
                            tf.math.mean(word, tf.constant(new int[] {0, 1}))),
                    tf.constant(new int[] {0, 1})));
        });
        var graph = made.graph().toBuilder()
                .addNode(operation.apply(NodeDef.newBuilder().setName("taken").setOp(op)));
        return new TrainingProgram(
                graph.build(),
                made.inputs(),
                made.variables(),
                made.training(),
                made.evaluation(),
                made.gradients(),
                made.updates(),
                List.of(new TrainingProgram.Tensor(output, "taken:0")),
                made.ranges());
    }

    private static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    @Test
    void cannotFreezeWhatTakesAVariableElsewhere() {
        TrainingProgram program = ofNodes("VarIsInitializedOp", "there", node -> node.addInput("table"));
        Map<String, TensorValue> values = Map.of("table", TensorValue.of(Shape.of(4, 2), new float[8]));
        assertThatThrownBy(() -> TrainedPrograms.program(program, values))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot make a program of trained values: expected variable 'table' to be read, found operation 'taken' of type VarIsInitializedOp to take it. Save it as a saved model with TrainedPrograms.save(…), and load that");
    }

    @Test
    void saysThatAGraphCannotHoldTheVariables() {
        TrainingProgram large = TrainingProgram.build(t -> {
            var tf = t.ops();
            var x = t.input("x", TFloat32.class);
            var w = t.variable("w", Initialiser.zeros(), 1 << 20, 1 << 9);
            t.loss(tf.math.mean(tf.math.mul(tf.math.mean(w, tf.constant(new int[] {0, 1})), x), tf.constant(0)));
            t.output("w", tf.math.mul(tf.slice(w, tf.constant(new int[] {0, 0}), tf.constant(new int[] {1, 1})), x));
        });
        assertThatThrownBy(() -> TrainedPrograms.program(large, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching(
                        "Cannot make a program of trained values: expected a graph of at most 2147483647 bytes, found variables that make it one of 21474\\d{5}\\. Save it as a saved model with TrainedPrograms\\.save\\(…\\), and load that with Program\\.fromSavedModel\\(…\\)");
    }

    @Test
    void saysWhichValueIsMissingOrAnother() {
        SortedMap<String, TensorValue> values = TrainedPrograms.values(trained(layers(), 1));
        values.put("dense/bias", TensorValue.of(Shape.of(2), 0f, 0));
        assertThatThrownBy(() -> TrainedPrograms.program(layers(), values))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot make a program of trained values: expected a value of variable 'dense/bias' of DT_FLOAT[3], found DT_FLOAT[2]. Give the values of this program");
        values.remove("dense/bias");
        ModelTarget target = ModelTarget.of(directory.resolve("saved"));
        assertThatThrownBy(() -> TrainedPrograms.save(layers(), values, target))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot save trained values: expected a value of variable 'dense/bias' of DT_FLOAT[3], found none. Give the values of this program");
        assertThat(directory.resolve("saved")).doesNotExist();
    }

    @Test
    void saysThatACheckpointIsOfAnotherProgram() {
        Path checkpoint = trained(OptimizersTest.parabola(), 0);
        assertThatThrownBy(() -> TrainedPrograms.program(layers(), checkpoint))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load checkpoint '%s': expected variable 'scale' of DT_FLOAT[3], found none of that name in file 'variables.index'. Name the checkpoint of this program"
                                .formatted(directory.getFileName()));
    }

    @Test
    void saysThatAnIndexOrValuesAreNotAsTheyWereWritten() throws IOException {
        Path checkpoint = trained(layers(), 1);
        Path data = checkpoint.resolve("variables.data-00000-of-00001");
        byte[] bytes = Files.readAllBytes(data);
        bytes[5] ^= 1;
        Files.write(data, bytes);
        String what = "Cannot load checkpoint '%s': ".formatted(directory.getFileName());
        assertThatThrownBy(() -> TrainedPrograms.program(layers(), checkpoint))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        what
                                + "expected the values of variable 'scale' as they were written, found others from byte 0 of file 'variables.data-00000-of-00001' on. Copy it again, or export it again");
        Path index = checkpoint.resolve("variables.index");
        bytes = Files.readAllBytes(index);
        bytes[10] ^= 1;
        Files.write(index, bytes);
        assertThatThrownBy(() -> TrainedPrograms.values(checkpoint))
                .isInstanceOf(ProgramException.class)
                .hasMessageStartingWith(what + "expected the index of a checkpoint, found file 'variables.index' of ");
    }
}
