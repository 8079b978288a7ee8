package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.train.graph.UpdateRule.Wire;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UpdateRuleTest {

    private static final double NONE = Double.POSITIVE_INFINITY;

    @Test
    void saysWhatChangesAStep() {
        assertThat(UpdateRule.of(Optimizer.adam(), LearningRate.constant(0.001)).describe())
                .isEqualTo(
                        "Adam[beta1=0.9, beta2=0.999, epsilon=1.0E-7], rate Constant[rate=0.001], weightDecay 0.0, clipValue Infinity, clipNorm Infinity, accumulate 1, wire FLOAT");
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                refused(() -> rule(-0.1, NONE, NONE, 1), "weight decay: must be 0 or more and finite, found -0.1"),
                refused(() -> rule(NONE, NONE, NONE, 1), "weight decay: must be 0 or more and finite, found Infinity"),
                refused(() -> rule(0, 0, NONE, 1), "limit of a gradient's values: must be positive, found 0.0"),
                refused(
                        () -> rule(0, NONE, Double.NaN, 1),
                        "limit of the gradients' norm: must be positive, found NaN"),
                refused(() -> rule(0, NONE, NONE, 0), "number of micro-batches: must be positive, found 0"),
                refused(() -> Optimizer.momentum(1), "momentum: must be from 0 and below 1, found 1.0"),
                refused(() -> Optimizer.nesterov(-0.1), "momentum: must be from 0 and below 1, found -0.1"),
                refused(() -> new Optimizer.Adam(1, 0, 0), "beta1 of Adam: must be from 0 and below 1, found 1.0"),
                refused(
                        () -> new Optimizer.Adam(0, Double.NaN, 0),
                        "beta2 of Adam: must be from 0 and below 1, found NaN"),
                refused(
                        () -> new Optimizer.Adam(0, 0, -1),
                        "epsilon of Adam: must be 0 or more and finite, found -1.0"),
                refused(
                        () -> new Optimizer.Adagrad(-1, 0),
                        "initial accumulator of Adagrad: must be 0 or more and finite, found -1.0"),
                refused(
                        () -> new Optimizer.Adagrad(0, -1),
                        "epsilon of Adagrad: must be 0 or more and finite, found -1.0"),
                refused(
                        () -> new Optimizer.RmsProp(1, 0, 0),
                        "decay of RMSProp: must be from 0 and below 1, found 1.0"),
                refused(
                        () -> new Optimizer.RmsProp(0, 1, 0),
                        "momentum of RMSProp: must be from 0 and below 1, found 1.0"),
                refused(
                        () -> new Optimizer.RmsProp(0, 0, -1),
                        "epsilon of RMSProp: must be 0 or more and finite, found -1.0"),
                refused(
                        () -> new ValueRange("label", 3, 3),
                        "range of input 'label': must hold a number, found from 3 until 3"),
                refused(() -> Initialiser.truncatedNormal(0), "deviation: must be positive and finite, found 0.0"),
                refused(
                        () -> Initialiser.uniform(1, 1),
                        "bounds: the first must be below the second, found 1.0 and 1.0"));
    }

    private static Arguments refused(ThrowingCallable call, String message) {
        return Arguments.of(call, "Invalid " + message);
    }

    private static UpdateRule rule(double weightDecay, double clipValue, double clipNorm, int accumulate) {
        return new UpdateRule(
                Optimizer.sgd(), LearningRate.constant(1), weightDecay, clipValue, clipNorm, accumulate, Wire.FLOAT);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void refusesWhatIsNoRule(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
