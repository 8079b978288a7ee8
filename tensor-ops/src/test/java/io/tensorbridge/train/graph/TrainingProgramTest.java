package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.TensorValue;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

@ExtendWith(NativeMemoryExtension.class)
class TrainingProgramTest {

    @Test
    void saysWhatItIsMadeOf() {
        TrainingProgram program = Perceptron.program();
        assertThat(program.inputs()).hasToString("[x: DT_FLOAT[?, 4], label: DT_INT32[?]]");
        assertThat(program.variableNames()).containsExactly("hidden/kernel", "hidden/bias", "out/kernel", "out/bias");
        assertThat(program.metrics()).containsExactly("accuracy");
        assertThat(program.ranges()).containsExactly(new ValueRange("label", 0, 3));
        assertThat(program.frozen("hidden/.*"))
                .hasToString(
                        "TrainingProgram[inputs [x: DT_FLOAT[?, 4], label: DT_INT32[?]], variables [frozen hidden/kernel[4, 8], frozen hidden/bias[8], trained out/kernel[8, 3], trained out/bias[3]], metrics [accuracy], outputs [digit]]");
    }

    @Test
    void travels() throws IOException, ClassNotFoundException {
        TrainingProgram program = Perceptron.program().frozen("hidden/bias");
        var back = (TrainingProgram) read(written(program));
        assertThat(back).hasToString(program.toString());
        assertThat(back.graph()).isEqualTo(program.graph());
        assertThat(back.variables()).isEqualTo(program.variables());
        assertThat(back.training()).isEqualTo(program.training());
        assertThat(back.evaluation()).isEqualTo(program.evaluation());
        assertThat(back.outputs()).isEqualTo(program.outputs());
        assertThat(back.ranges()).isEqualTo(program.ranges());
        assertThat(back.sha256()).isEqualTo(program.sha256()).hasSize(64);
    }

    @Test
    void travelsWithWhatItUpdates() throws IOException, ClassNotFoundException {
        TrainingProgram program = UpdatesTest.movingMean();
        var back = (TrainingProgram) read(written(program));
        assertThat(back.updates()).isEqualTo(program.updates()).hasSize(1);
        assertThat(back.sha256()).isEqualTo(program.sha256());
    }

    @Test
    void isAnotherByItsDigestIfAnythingIs() {
        assertThat(List.of(
                        Perceptron.program().sha256(),
                        Perceptron.program().frozen("out/bias").sha256(),
                        OptimizersTest.parabola().sha256(),
                        UpdatesTest.movingMean().sha256()))
                .doesNotHaveDuplicates();
        assertThat(Perceptron.program().sha256()).isEqualTo(Perceptron.program().sha256());
    }

    @Test
    void refusesBytesThatAreNoProgram() throws IOException {
        byte[] bytes = written(OptimizersTest.parabola());
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("TRAINED");
        bytes[at] = 'X';
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(InvalidObjectException.class)
                .hasMessage(
                        "Cannot read a training program: No enum constant io.tensorbridge.train.graph.TrainedVariable.Role.XRAINED");
    }

    private static byte[] written(TrainingProgram program) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(program);
        }
        return bytes.toByteArray();
    }

    private static Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return in.readObject();
        }
    }

    @Test
    void callsTheBodyOnceIfUseIsNoOtherThanTraining() {
        List<Boolean> calls = new ArrayList<>();
        TrainingProgram program = TrainingProgram.build(t -> {
            calls.add(true);
            parabola(t);
        });
        assertThat(calls).hasSize(1);
        assertThat(program.evaluation()).isEqualTo(program.training());
    }

    @Test
    void callsTheBodyAgainForItsUse() {
        List<Boolean> calls = new ArrayList<>();
        TrainingProgram program = TrainingProgram.build(t -> {
            calls.add(t.isTraining());
            parabola(t);
        });
        assertThat(calls).containsExactly(true, false);
        assertThat(program.evaluation().loss())
                .isNotEqualTo(program.training().loss())
                .startsWith("use/");
        assertThat(program.variableNames()).containsExactly("w");
        assertThat(program.inputs()).hasSize(1);
    }

    private static void parabola(TrainingGraph t) {
        var tf = t.ops();
        var x = t.input("x", TFloat32.class);
        var w = t.variable("w", Initialiser.constant(5));
        t.loss(tf.math.mean(tf.math.squaredDifference(x, w), tf.constant(0)));
        t.output("distance", tf.math.sub(x, w));
    }

    @Test
    void trainsNamesAlone() {
        TrainingProgram program = Perceptron.program().trained("out/.*");
        assertThat(program).hasToString(Perceptron.program().frozen("hidden/.*").toString());
        assertThat(program.trained(".*")).hasToString(Perceptron.program().toString());
    }

    @Test
    void refusesToChooseNoVariable() {
        assertRefused(
                () -> Perceptron.program().frozen("hidden"),
                "Cannot freeze variables 'hidden': expected one of [hidden/kernel, hidden/bias, out/kernel, out/bias]");
        assertRefused(
                () -> Perceptron.program().trained("x.*"),
                "Cannot train variables 'x.*': expected one of [hidden/kernel, hidden/bias, out/kernel, out/bias]");
        assertRefused(
                () -> Perceptron.program().frozen(".*"),
                "Cannot train: expected a variable to train, found none. Add one with variable(…), or freeze fewer");
    }

    @Test
    void startsFromTheValuesOfAnother() {
        TrainingProgram program =
                Perceptron.program().startingFrom(Map.of("out/bias", TensorValue.of(Shape.of(3), 1f, 2f, 3f)));
        try (StepRun run = StepRun.of(program, StepRun.rule(Optimizer.sgd(), 1));
                StepRun other = StepRun.of(Perceptron.program(), StepRun.rule(Optimizer.sgd(), 1))) {
            assertThat(run.weights("out/bias")).containsExactly(1, 2, 3);
            assertThat(run.weights("out/kernel")).isEqualTo(other.weights("out/kernel"));
        }
        assertThat(program.sha256()).isNotEqualTo(Perceptron.program().sha256());
    }

    @Test
    void saysAllThatDoesNotFitToStartFrom() {
        assertRefused(
                () -> Perceptron.program()
                        .startingFrom(Map.of(
                                "out/bias",
                                TensorValue.of(1f),
                                "out/kernel",
                                TensorValue.of(Shape.of(1), 1),
                                "head",
                                TensorValue.of(1f))),
                """
                Cannot start from these values:
                  - variable 'head': no such variable; the variables are [hidden/kernel, hidden/bias, out/kernel, out/bias]
                  - variable 'out/bias': expected DT_FLOAT[3], found DT_FLOAT[]
                  - variable 'out/kernel': expected DT_FLOAT[8, 3], found DT_INT32[1]""");
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                refused(
                        t -> t.input("x", TFloat32.class, 2, -1),
                        "Invalid input 'x': its cell must have a known shape, found [2, ?]. Give the size of each dimension"),
                refused(
                        t -> t.input("a/b", TFloat32.class),
                        "Invalid name of an input: must match [A-Za-z0-9.][A-Za-z0-9_.\\-]*, found 'a/b'"),
                refused(
                        t -> {
                            t.input("x", TFloat32.class);
                            t.input("x", TFloat32.class);
                        },
                        "Cannot add input 'x': the graph has an operation of that name already. Give it another name"),
                refused(
                        t -> t.input("words", TString.class),
                        "Cannot add input 'words': expected cells of fixed length, found strings. Make numbers of them with mapBlocks before training"),
                refused(
                        t -> t.label("label", TInt32.class, 0),
                        "Invalid label 'label': must have one class or more, found 0"),
                refused(
                        t -> t.label("label", TFloat32.class, 2),
                        "Invalid label 'label': must be of whole numbers, found DT_FLOAT. Use input(…) for numbers to come near to"),
                refused(
                        t -> {
                            if (t.isTraining()) {
                                t.input("x", TFloat32.class);
                                lossOf(t);
                            } else {
                                t.input("x", TUint8.class);
                            }
                        },
                        "Cannot add input 'x' as TUint8: it is DT_FLOAT already"),
                refused(
                        t -> t.variable("w/", Initialiser.zeros()),
                        "Invalid name of a variable: must match [A-Za-z0-9.][A-Za-z0-9_.\\-]*(/[A-Za-z0-9.][A-Za-z0-9_.\\-]*)*, found 'w/'"),
                refused(
                        t -> t.variable("w", Initialiser.zeros(), 3, 0),
                        "Invalid variable 'w': must have a known shape, found [3, 0]. Give the size of each dimension"),
                refused(
                        t -> {
                            t.variable("w", Initialiser.zeros());
                            t.frozen("w", Initialiser.zeros());
                        },
                        "Cannot add variable 'w': the program has one of that name already. Give it another name"),
                refused(
                        t -> {
                            t.variable("w", Initialiser.zeros());
                            t.update("v", t.ops().constant(1f));
                        },
                        "Cannot update variable 'v': expected one of [w]. Add it with frozen(…)"),
                refused(
                        t -> {
                            t.frozen("w", Initialiser.zeros(), 3);
                            t.update("w", t.ops().constant(1f));
                        },
                        "Cannot update variable 'w': expected DT_FLOAT[3], found DT_FLOAT[]"),
                refused(
                        t -> {
                            t.frozen("w", Initialiser.zeros());
                            t.update("w", t.ops().constant(1f));
                            t.update("w", t.ops().constant(2f));
                        },
                        "Cannot update variable 'w': it is updated already. Compute one value of both"),
                refused(
                        t -> t.dropout(t.input("x", TFloat32.class), 1),
                        "Invalid rate of dropout: must be from 0 and below 1, found 1.0"),
                refused(
                        t -> t.loss(t.input("x", TFloat32.class)),
                        "Invalid loss: expected a scalar of DT_FLOAT, the mean over the rows, found the loss of DT_FLOAT[?]. Take the mean: tf.math.mean(loss, tf.constant(0))"),
                refused(
                        t -> t.metric("share", t.input("x", TFloat32.class)),
                        "Invalid metric: expected a scalar of DT_FLOAT, the mean over the rows, found metric 'share' of DT_FLOAT[?]. Take the mean: tf.math.mean(metric, tf.constant(0))"),
                refused(
                        t -> {
                            lossOf(t);
                            lossOf(t);
                        },
                        "Cannot set the loss: it is set already. Add what belongs to it"),
                refused(
                        t -> t.metric("loss", t.ops().constant(1f)),
                        "Cannot add metric 'loss': there is one of that name already. Give it another name"),
                refused(
                        t -> {
                            t.output("y", t.ops().constant(1f));
                            t.output("y", t.ops().constant(1f));
                        },
                        "Cannot add output 'y': there is one of that name already. Give it another name"),
                refused(
                        t -> {},
                        "Cannot build a training program: expected a loss, found none. Say what to make small with loss(…)"),
                refused(
                        TrainingProgramTest::lossOf,
                        "Cannot build a training program: expected an output, found none. Say what the trained program gives with output(…)"),
                refused(
                        t -> {
                            parabola(t);
                            if (t.isTraining()) {
                                t.metric("one", t.ops().constant(1f));
                            }
                        },
                        "Cannot build a training program: expected the same metrics in training and in use, found [one] and []. Add all of them with metric(…) both times"),
                refused(
                        t -> {
                            lossOf(t);
                            t.output("y", t.ops().constant(1f));
                        },
                        "Cannot train: expected a variable to train, found none. Add one with variable(…), or freeze fewer"));
    }

    private static void lossOf(TrainingGraph t) {
        Operand<TFloat32> one = t.ops().constant(1f);
        t.loss(one);
    }

    private static Arguments refused(Consumer<TrainingGraph> body, String message) {
        return Arguments.of(body, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void refusesWhatCannotBeTrained(Consumer<TrainingGraph> body, String message) {
        assertRefused(() -> TrainingProgram.build(body), message);
    }
}
