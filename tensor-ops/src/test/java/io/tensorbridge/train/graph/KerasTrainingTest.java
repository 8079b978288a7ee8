package io.tensorbridge.train.graph;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TensorValue;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Trains models that Keras exported, and holds what comes of it against what Python computed with them. */
@ExtendWith(NativeMemoryExtension.class)
class KerasTrainingTest {

    private static final JsonNode EXPECTED = expected();

    @TempDir
    Path directory;

    private static JsonNode expected() {
        try {
            return new ObjectMapper().readTree(fixture("expected.json").toFile());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path fixture(String name) {
        try {
            return Path.of(requireNonNull(KerasTrainingTest.class.getResource("/training/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static float[] floats(JsonNode node) {
        float[] values = new float[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) node.get(i).asDouble();
        }
        return values;
    }

    private static final class Batch implements AutoCloseable {

        private final TFloat32 pictures =
                TFloat32.tensorOf(Shape.of(6, 4, 4), DataBuffers.of(floats(EXPECTED.get("pictures"))));
        private final TInt32 label = TInt32.tensorOf(StdArrays.ndCopyOf(Stream.of(0, 1, 2, 3, 4, 5)
                .mapToInt(i -> EXPECTED.get("label").get(i).asInt())
                .toArray()));

        Map<String, Tensor> tensors() {
            return Map.of("pictures", pictures, "label", label);
        }

        @Override
        public void close() {
            pictures.close();
            label.close();
        }
    }

    /** Returns a copy of a model with a changed metagraph. */
    private Path changed(String name, Consumer<MetaGraphDef.Builder> change) throws IOException {
        Path copy = directory.resolve(name);
        Path from = fixture(name);
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Files.copy(path, copy.resolve(from.relativize(path).toString()));
            }
        }
        var model = SavedModel.parseFrom(Files.readAllBytes(copy.resolve("saved_model.pb"))).toBuilder();
        change.accept(model.getMetaGraphsBuilder(0));
        Files.write(copy.resolve("saved_model.pb"), model.build().toByteArray());
        return copy;
    }

    private static void assertPlain(TrainingProgram program) {
        JsonNode plain = EXPECTED.get("plain");
        double rate = plain.get("rate").asDouble();
        assertThat(program.metrics()).containsExactly("accuracy");
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), rate));
                var batch = new Batch()) {
            run.evaluate(batch.tensors(), 1);
            assertThat(run.total())
                    .containsExactly(
                            new float[] {
                                (float) plain.get("losses").get(0).asDouble(),
                                (float) plain.get("accuracy").asDouble()
                            },
                            within(1e-5f));
            Map<String, float[]> before = weights(run, plain.get("gradients"));
            for (int step = 0; step < plain.get("losses").size(); step++) {
                JsonNode loss = plain.get("losses").get(step);
                assertThat(run.step(batch.tensors(), rate)[0]).isCloseTo((float) loss.asDouble(), within(1e-5f));
                if (step == 0) {
                    assertGradients(before, weights(run, plain.get("gradients")), plain, rate);
                }
            }
            plain.get("weights")
                    .properties()
                    .forEach(weight -> assertThat(run.weights(weight.getKey()))
                            .as(weight.getKey())
                            .containsExactly(floats(weight.getValue()), within(1e-5f)));
        }
    }

    private static Map<String, float[]> weights(StepRun run, JsonNode gradients) {
        SortedMap<String, float[]> weights = new TreeMap<>();
        gradients.fieldNames().forEachRemaining(name -> weights.put(name, run.weights(name)));
        return weights;
    }

    /** What plain descent takes off a weight is its gradient, times the rate. */
    private static void assertGradients(
            Map<String, float[]> before, Map<String, float[]> after, JsonNode plain, double rate) {
        before.forEach((name, weights) -> {
            float[] found = new float[weights.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = (float) ((weights[i] - requireNonNull(after.get(name))[i]) / rate);
            }
            assertThat(found)
                    .as(name)
                    .containsExactly(floats(plain.get("gradients").get(name)), within(1e-5f));
        });
    }

    @Test
    void followsTheGradientsThatTheModelReturns() {
        TrainingProgram program = TrainingProgram.fromSavedModel(fixture("plain"));
        assertThat(program.gradients().keySet())
                .containsExactly("hidden/bias", "hidden/kernel", "scores/bias", "scores/kernel");
        assertPlain(program);
    }

    @Test
    void followsTheGradientsThatTensorFlowDerives() throws IOException {
        TrainingProgram program = TrainingProgram.fromSavedModel(
                changed("plain", metaGraph -> metaGraph.removeSignatureDef("gradients")));
        assertThat(program.gradients()).isEmpty();
        assertThat(program.inputs()).hasToString("[label: DT_INT32[?], pictures: DT_FLOAT[?, 4, 4]]");
        assertPlain(program);
    }

    @Test
    void trainsOnWhatItSaved() {
        Path saved = directory.resolve("saved");
        TrainingProgram program = TrainingProgram.fromSavedModel(fixture("plain"));
        TrainedPrograms.save(
                program, TrainedPrograms.values(Program.load(ModelFolder.of(fixture("plain")))), ModelTarget.of(saved));
        assertPlain(TrainingProgram.fromSavedModel(saved));
    }

    @Test
    void givesAProgramForUse(BufferAllocator allocator) {
        TrainingProgram program = TrainingProgram.fromSavedModel(fixture("plain"));
        Program frozen = TrainedPrograms.program(
                program, TrainedPrograms.values(Program.load(ModelFolder.of(fixture("plain")))));
        assertThat(frozen.signature().inputs()).hasToString("[pictures: DT_FLOAT[?, 4, 4]]");
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1));
                var batch = new Batch()) {
            assertThat(run.compute(program.outputs().get(0).tensor(), Map.of("pictures", batch.pictures)))
                    .containsExactly(floats(EXPECTED.get("plain").get("scores")), within(1e-5f));
        }
        assertThat(frozen.copiesInputsBecauseOf()).isEmpty();
    }

    @Test
    void setsMovingAveragesAndDrawsDropoutOfSeedAndStep() {
        TrainingProgram program = TrainingProgram.fromSavedModel(fixture("full"));
        assertThat(program.variables())
                .extracting(TrainedVariable::name, TrainedVariable::role)
                .containsExactlyInAnyOrder(
                        tuple("hidden/kernel", Role.TRAINED),
                        tuple("hidden/bias", Role.TRAINED),
                        tuple("normalise/gamma", Role.TRAINED),
                        tuple("normalise/beta", Role.TRAINED),
                        tuple("normalise/moving_mean", Role.UPDATED),
                        tuple("normalise/moving_variance", Role.UPDATED),
                        tuple("scores/kernel", Role.TRAINED),
                        tuple("scores/bias", Role.TRAINED));
        JsonNode full = EXPECTED.get("full");
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 0.1));
                var batch = new Batch()) {
            run.evaluate(batch.tensors(), 1);
            assertThat(run.total())
                    .containsExactly(
                            new float[] {
                                (float) full.get("evaluation").get("loss").asDouble(),
                                (float) full.get("evaluation").get("accuracy").asDouble()
                            },
                            within(1e-5f));
            float first = run.step(batch.tensors(), 0)[0];
            full.get("averages")
                    .properties()
                    .forEach(average -> assertThat(run.weights(average.getKey()))
                            .as(average.getKey())
                            .containsExactly(floats(average.getValue()), within(1e-5f)));
            assertThat(run.step(batch.tensors(), 0)[0]).isNotEqualTo(first);
            run.skip(-2);
            assertThat(run.step(batch.tensors(), 0)[0]).isEqualTo(first);
        }
    }

    @Test
    void trainsTheOtherVariablesIfSomeAreFrozen() {
        TrainingProgram program =
                TrainingProgram.fromSavedModel(fixture("plain")).frozen("hidden/.*");
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 0.1));
                var batch = new Batch()) {
            float[] kernel = run.weights("hidden/kernel");
            float[] scores = run.weights("scores/kernel");
            run.step(batch.tensors(), 0.1);
            assertThat(run.weights("hidden/kernel")).isEqualTo(kernel);
            assertThat(run.weights("scores/kernel")).isNotEqualTo(scores);
        }
    }

    @Test
    void readsValuesToBeginFrom() {
        SortedMap<String, TensorValue> values = TrainedPrograms.values(Program.load(ModelFolder.of(fixture("plain"))));
        assertThat(values)
                .hasToString(
                        "{hidden/bias=DT_FLOAT[8], hidden/kernel=DT_FLOAT[16, 8], scores/bias=DT_FLOAT[3], scores/kernel=DT_FLOAT[8, 3]}");
    }

    @Test
    void readsValuesOfSomeVariablesByTheirNames() {
        var model = Program.load(ModelFolder.of(fixture("plain")));
        assertThat(TrainedPrograms.values(model, "scores/.*")).containsOnlyKeys("scores/bias", "scores/kernel");
        assertThatThrownBy(() -> TrainedPrograms.values(model, "scores"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot read the values of variables 'scores': expected one of [hidden/bias, hidden/kernel, scores/bias, scores/kernel]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "full"})
    void knowsWhichLabelsAreClasses(String name) {
        assertThat(TrainingProgram.fromSavedModel(fixture(name)).ranges())
                .containsExactly(new ValueRange("label", 0, 3));
    }

    @Test
    void failsOnALabelThatIsNoClassWhereTensorFlowDerivesTheGradients() throws IOException {
        TrainingProgram program = TrainingProgram.fromSavedModel(
                changed("plain", metaGraph -> metaGraph.removeSignatureDef("gradients")));
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 0.1));
                var batch = new Batch();
                var label = TInt32.vectorOf(0, 1, 2, 3, 0, 0)) {
            assertThatThrownBy(() -> run.step(Map.of("pictures", batch.pictures, "label", label), 0.1))
                    .hasMessageContaining("indices[3] = 3 is not in [0, 3)");
        }
    }

    private void assertRefused(String name, Consumer<MetaGraphDef.Builder> change, String reason) throws IOException {
        Path model = changed(name, change);
        assertThatThrownBy(() -> TrainingProgram.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage("Cannot load model '%s': %s".formatted(name, reason));
    }

    private static void edit(MetaGraphDef.Builder metaGraph, String key, Consumer<SignatureDef.Builder> change) {
        SignatureDef.Builder signature = metaGraph.getSignatureDefOrThrow(key).toBuilder();
        change.accept(signature);
        metaGraph.putSignatureDef(key, signature.build());
    }

    private static TensorInfo output(MetaGraphDef.Builder metaGraph, String key, String name) {
        return metaGraph.getSignatureDefOrThrow(key).getOutputsOrThrow(name);
    }

    @Test
    void refusesAModelWithoutASignatureForTraining() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> metaGraph.removeSignatureDef("gradients").removeSignatureDef("train"),
                "expected a signature 'train' or 'gradients' to train by, found [serve, serving_default]. Export the model with one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "gradients"})
    void refusesASignatureWithoutALoss(String key) throws IOException {
        assertRefused(
                "plain",
                metaGraph -> {
                    if (key.equals("train")) {
                        metaGraph.removeSignatureDef("gradients");
                    }
                    edit(metaGraph, key, signature -> {
                        signature.clearOutputs();
                        signature.putOutputs("accuracy", output(metaGraph, key, "accuracy"));
                    });
                },
                "expected an output 'loss' of signature '%s', found [accuracy]. Return the loss under that name"
                        .formatted(key));
    }

    @Test
    void refusesALossThatIsNoScalar() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> edit(
                        metaGraph,
                        "gradients",
                        signature ->
                                signature.putOutputs("loss", output(metaGraph, "gradients", "gradient/scores/bias"))),
                "expected output 'loss' of signature 'gradients' to be a scalar of DT_FLOAT, the mean over the rows, found DT_FLOAT[3]. Take the mean: tf.reduce_mean");
    }

    @Test
    void refusesAGradientOfAnotherShape() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> edit(
                        metaGraph,
                        "gradients",
                        signature -> signature.putOutputs(
                                "gradient/hidden/bias", output(metaGraph, "gradients", "gradient/scores/bias"))),
                "expected output 'gradient/hidden/bias' of signature 'gradients' to be DT_FLOAT[8] as the variable, found DT_FLOAT[3]. Return a tensor of that type and shape");
    }

    @Test
    void refusesAGradientOfAVariableThatIsNotThere() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> edit(
                        metaGraph,
                        "gradients",
                        signature -> signature.putOutputs(
                                "gradient/bias", output(metaGraph, "gradients", "gradient/scores/bias"))),
                "expected output 'gradient/bias' of signature 'gradients' to be named after a variable, found variables [hidden/bias, hidden/kernel, scores/bias, scores/kernel]. Name it as the variable is named: v.path");
    }

    @Test
    void refusesAVariableWithoutAGradient() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> edit(metaGraph, "gradients", signature -> signature.removeOutputs("gradient/hidden/bias")),
                "expected an output 'gradient/hidden/bias' of signature 'gradients', since variable 'hidden/bias' is trainable, found none. Return its gradient, or make the variable not trainable");
    }

    @Test
    void refusesOtherMetricsInValidation() throws IOException {
        assertRefused(
                "full",
                metaGraph -> edit(metaGraph, "evaluate", signature -> signature.removeOutputs("accuracy")),
                "expected the metrics of signature 'gradients' in signature 'evaluate', found []. Return the same of both");
    }

    @Test
    void refusesAVariableThatNothingRestores() throws IOException {
        assertRefused(
                "plain",
                metaGraph -> metaGraph.getSaverDefBuilder().setRestoreOpName(""),
                "expected variable 'scores/bias_1' to be restored when the model is loaded, found that nothing does. Export it again, with that variable saved");
    }

    @Test
    void refusesVariablesThatAreNotThereOrBroken() throws IOException {
        Path model = changed("plain", metaGraph -> {});
        Path index = model.resolve("variables/variables.index");
        byte[] bytes = Files.readAllBytes(index);
        byte[] broken = bytes.clone();
        broken[20] ^= 1;
        Files.write(index, broken);
        assertThatThrownBy(() -> TrainingProgram.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessageMatching(
                        "Cannot load model 'plain': expected the index of a checkpoint, found file 'variables/variables.index' of \\d+ bytes to have a wrong checksum over bytes 0 to \\d+\\. Copy it again, or export it again");
        Files.delete(index);
        assertThatThrownBy(() -> TrainingProgram.fromSavedModel(model))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load model 'plain': expected file 'variables/variables.index', since the model has variables, found no such file. Copy the whole directory");
    }
}
