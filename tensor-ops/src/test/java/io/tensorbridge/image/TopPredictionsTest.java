package io.tensorbridge.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.complex.ListVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@ExtendWith(NativeMemoryExtension.class)
class TopPredictionsTest {

    private static final List<Label> ANIMALS = List.of(
            new Label("n02123045", "tabby"), new Label("n02124075", "Egyptian cat"), Label.of("dog"), Label.of("Kühe"));

    private static final float[][] SCORES = {{1, 3, 2, 0}, {0, 0, 0, 0}, {-5, -4, -3, 7}};

    private static FieldVector scores(BufferAllocator allocator, float[]... rows) {
        var column = (ListVector) ElementType.FLOAT32.field("scores", 1).createVector(allocator);
        column.allocateNew();
        var values = (Float4Vector) column.getDataVector();
        int next = 0;
        for (int row = 0; row < rows.length; row++) {
            column.startNewValue(row);
            for (float score : rows[row]) {
                values.setSafe(next++, score);
            }
            column.endValue(row, rows[row].length);
        }
        values.setValueCount(next);
        column.setValueCount(rows.length);
        return column;
    }

    @ParameterizedTest
    @ValueSource(longs = {4, -1})
    void givesTheBestClassesOfEachRow(long classes, BufferAllocator allocator) {
        Program program = TopPredictions.of(2).program(classes);
        assertThat(program.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("classes: DT_INT32[?, 2]", "probabilities: DT_FLOAT[?, 2]");
        try (var scores = scores(allocator, SCORES);
                var found = PictureRun.run(program, List.of(scores), allocator)) {
            assertThat(objects(found.getVector("classes"))).hasToString("[[1,2], [0,1], [3,2]]");
            assertThat(objects(found.getVector("probabilities"))).hasToString("[[3.0,2.0], [0.0,0.0], [7.0,-3.0]]");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, -1})
    void makesProbabilitiesOfScoresAndNamesThem(long classes, BufferAllocator allocator) {
        Program program = TopPredictions.of(3).softmax().labels(ANIMALS).program(classes);
        try (var scores = scores(allocator, SCORES);
                var found = PictureRun.run(program, List.of(scores), allocator)) {
            assertThat(objects(found.getVector("classes"))).hasToString("[[1,2,0], [0,1,2], [3,2,1]]");
            assertThat(objects(found.getVector("names")))
                    .hasToString(
                            "[[\"n02124075\",\"dog\",\"n02123045\"], [\"n02123045\",\"n02124075\",\"dog\"], [\"Kühe\",\"dog\",\"n02124075\"]]");
            assertThat(objects(found.getVector("descriptions")))
                    .hasToString(
                            "[[\"Egyptian cat\",\"dog\",\"tabby\"], [\"tabby\",\"Egyptian cat\",\"dog\"], [\"Kühe\",\"dog\",\"Egyptian cat\"]]");
            var values = (Float4Vector) ((ListVector) found.getVector("probabilities")).getDataVector();
            double sum = Math.exp(1) + Math.exp(3) + Math.exp(2) + 1;
            assertThat(values.get(0)).isEqualTo((float) (Math.exp(3) / sum), within(1e-6f));
            assertThat(values.get(2)).isEqualTo((float) (Math.exp(1) / sum), within(1e-6f));
            assertThat(values.get(3)).isEqualTo(0.25f, within(1e-6f));
        }
    }

    private static List<?> objects(FieldVector vector) {
        return IntStream.range(0, vector.getValueCount())
                .mapToObj(vector::getObject)
                .toList();
    }

    @Test
    void runsNoRows(BufferAllocator allocator) {
        try (var scores = scores(allocator);
                var found =
                        PictureRun.run(TopPredictions.of(1).labels(ANIMALS).program(4), List.of(scores), allocator)) {
            assertThat(found.getRowCount()).isZero();
        }
    }

    @Test
    void joinsAModel(BufferAllocator allocator) {
        Program model = Program.build(tf -> {
            var x = Program.placeholder(tf, "scores", TFloat32.class, Shape.of(-1, 4));
            return Program.outputs("logits", tf.math.neg(x)).and("other", tf.reduceSum(x, tf.constant(1)));
        });
        Program program = TopPredictions.of(1).labels(ANIMALS).after(model, "logits");
        try (var scores = scores(allocator, SCORES);
                var found = PictureRun.run(program, List.of(scores), allocator)) {
            assertThat(objects(found.getVector("descriptions"))).hasToString("[[\"Kühe\"], [\"tabby\"], [\"tabby\"]]");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, -1})
    void givesAsManyAsThereAreClasses(long classes, BufferAllocator allocator) {
        Program program = TopPredictions.of(4).labels(ANIMALS).program(classes);
        assertThat(program.name()).isEqualTo("top4");
        try (var scores = scores(allocator, SCORES);
                var found = PictureRun.run(program, List.of(scores), allocator)) {
            assertThat(objects(found.getVector("classes"))).hasToString("[[1,2,0,3], [0,1,2,3], [3,2,1,0]]");
        }
    }

    @Test
    void takesScoresOfUnknownShape() {
        Program model = Program.build(tf ->
                Program.outputs("logits", tf.math.neg(Program.placeholder(tf, "x", TFloat32.class, Shape.unknown()))));
        assertThat(TopPredictions.of(2).after(model, "logits").signature().outputs())
                .extracting(TensorSpec::name)
                .containsExactly("classes", "probabilities");
    }

    @Test
    void knowsTheClassesOfAModel() {
        Program model = Program.build(tf ->
                Program.outputs("logits", tf.math.neg(Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1, 4)))));
        assertThatThrownBy(() -> TopPredictions.of(5).after(model, "logits"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot take 5 predictions: expected at least as many classes, found 4. Lower k");
    }

    @Test
    void keepsItsLabelsWithSoftmax() {
        assertThat(TopPredictions.of(2).labels(ANIMALS).softmax().labels()).isEqualTo(ANIMALS);
    }

    @Test
    void refusesModelsWithoutScores() {
        Program model = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1, 4));
            var single = tf.dtypes.cast(x, TFloat32.class);
            return Program.outputs("double", tf.identity(x)).and("sum", tf.reduceSum(single, tf.constant(1)));
        });
        assertThatThrownBy(() -> TopPredictions.of(1).after(model, "logits"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot take predictions from output 'logits' of program 'double,sum': its outputs are [double: DT_DOUBLE[?, 4], sum: DT_FLOAT[?]]");
        assertThatThrownBy(() -> TopPredictions.of(1).after(model, "double"))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(
                        "Cannot take predictions from program 'double,sum': expected scores of DT_FLOAT[?, ?], found output 'double: DT_DOUBLE[?, 4]'. Join what makes such of it, or name another output with fetching(…)");
        assertThatThrownBy(() -> TopPredictions.of(1).after(model, "sum"))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessageContaining("found output 'sum: DT_FLOAT[?]'");
    }

    @Test
    void refusesMorePredictionsThanClasses(BufferAllocator allocator) {
        String message = "Cannot take 5 predictions: expected at least as many classes, found 4. Lower k";
        assertThatThrownBy(() -> TopPredictions.of(5).program(4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> TopPredictions.of(5).labels(ANIMALS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        try (var scores = scores(allocator, SCORES)) {
            assertThatThrownBy(() -> PictureRun.run(TopPredictions.of(5).program(-1), List.of(scores), allocator))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining("[Cannot take 5 predictions: expected at least as many classes, found 4]");
        }
    }

    @Test
    void refusesAnotherNumberOfLabelsThanOfClasses(BufferAllocator allocator) {
        TopPredictions named = TopPredictions.of(2).labels(ANIMALS);
        assertThatThrownBy(() -> named.program(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot name predictions: expected a label for each of the 3 classes, found 4 labels");
        try (var scores = scores(allocator, new float[] {1, 2, 3})) {
            assertThatThrownBy(() -> PictureRun.run(named.program(-1), List.of(scores), allocator))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining(
                            "[Cannot name predictions: expected as many classes as there are labels, 4, found 3]");
        }
    }

    @Test
    void refusesNonsense() {
        assertThatThrownBy(() -> TopPredictions.of(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid number of predictions: must be positive, found 0");
        assertThatThrownBy(() -> TopPredictions.of(1).labels(List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid labels: must be one for each class, found none");
        assertThatThrownBy(() -> TopPredictions.of(1).program(-2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid number of classes: must be positive or -1, found -2");
    }
}
