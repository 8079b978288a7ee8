package io.tensorbridge.train.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LearningRateTest {

    @ParameterizedTest
    @CsvSource({"0, 0.1", "1_000_000, 0.1"})
    void isConstant(String step, double expected) {
        assertThat(LearningRate.constant(0.1).at(Long.parseLong(step.replace("_", ""))))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 0.8", "50, 0.5656854249492380", "100, 0.4", "300, 0.1"})
    void decaysExponentially(long step, double expected) {
        assertThat(LearningRate.exponential(0.8, 0.5, 100).at(step)).isCloseTo(expected, offset(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0, 1.0", "25, 0.775", "100, 0.1", "200, 0.1"})
    void fallsInAStraightLine(long step, double expected) {
        assertThat(LearningRate.linear(1, 0.1, 100).at(step)).isCloseTo(expected, offset(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0, 1.0", "50, 0.25", "100, 0", "101, 0"})
    void fallsAsAPower(long step, double expected) {
        assertThat(LearningRate.polynomial(1, 0, 100, 2).at(step)).isCloseTo(expected, offset(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0, 0.5", "25, 0.4414213562373095", "50, 0.3", "100, 0.1", "500, 0.1"})
    void fallsAsACosine(long step, double expected) {
        assertThat(LearningRate.cosine(0.5, 0.1, 100).at(step)).isCloseTo(expected, offset(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0, 0.25", "1, 0.5", "3, 1.0", "4, 1.0", "54, 0.5", "104, 0"})
    void warmsUpToTheBeginningOfAnother(long step, double expected) {
        assertThat(LearningRate.cosine(1, 0, 100).warmUp(4).at(step)).isCloseTo(expected, offset(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0, 0.3", "9, 0.3", "10, 0.2", "19, 0.2", "20, 0.1", "1000, 0.1"})
    void goesOverToAnother(long step, double expected) {
        LearningRate rate =
                LearningRate.constant(0.3).then(10, LearningRate.constant(0.2).then(10, LearningRate.constant(0.1)));
        assertThat(rate.at(step)).isEqualTo(expected);
    }

    @Test
    void isAValue() {
        assertThat(LearningRate.cosine(0.5, 0.1, 100).warmUp(3))
                .isEqualTo(LearningRate.cosine(0.5, 0.1, 100).warmUp(3))
                .hasToString("WarmUp[to=Cosine[rate=0.5, last=0.1, steps=100], steps=3]");
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                refused(
                        () -> LearningRate.constant(0),
                        "Invalid learning rate: must be positive and finite, found 0.0"),
                refused(
                        () -> LearningRate.constant(Double.NaN),
                        "Invalid learning rate: must be positive and finite, found NaN"),
                refused(
                        () -> LearningRate.exponential(Double.POSITIVE_INFINITY, 0.5, 10),
                        "Invalid learning rate: must be positive and finite, found Infinity"),
                refused(
                        () -> LearningRate.exponential(0.1, 0, 10),
                        "Invalid factor of the learning rate: must be positive and finite, found 0.0"),
                refused(
                        () -> LearningRate.exponential(0.1, 0.5, 0),
                        "Invalid steps of the learning rate: must be positive, found 0"),
                refused(
                        () -> LearningRate.linear(0.1, -1, 5),
                        "Invalid last learning rate: must be 0 or more and finite, found -1.0"),
                refused(
                        () -> LearningRate.linear(0.1, 0, -5),
                        "Invalid steps of the learning rate: must be positive, found -5"),
                refused(
                        () -> LearningRate.polynomial(0.1, 0, 5, 0),
                        "Invalid power of the learning rate: must be positive and finite, found 0.0"),
                refused(
                        () -> LearningRate.cosine(0.1, Double.NaN, 5),
                        "Invalid last learning rate: must be 0 or more and finite, found NaN"),
                refused(
                        () -> LearningRate.constant(1).warmUp(0),
                        "Invalid steps of the warm-up: must be positive, found 0"),
                refused(
                        () -> LearningRate.constant(1).then(0, LearningRate.constant(1)),
                        "Invalid steps of the learning rate: must be positive, found 0"));
    }

    private static Arguments refused(ThrowingCallable call, String message) {
        return Arguments.of(call, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void refusesWhatIsNoRate(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }
}
