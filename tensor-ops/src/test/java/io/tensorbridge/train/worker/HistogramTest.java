package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.EagerSession;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.HistogramProto;
import org.tensorflow.proto.Summary;

class HistogramTest {

    static Stream<float[]> values() {
        return Stream.of(
                gaussians(1, 1),
                gaussians(7, 1e-3f),
                gaussians(10_000, 1),
                gaussians(1_000, 1_000_000),
                new float[] {0, -0f, 1e-30f, -1e-30f, 1e-12f, -1e-12f, 1e20f, -1e20f},
                new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, 1, -1, 1.1f, -1.1f, 1.21f});
    }

    private static float[] gaussians(int count, float deviation) {
        var random = new Random(count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("values")
    void isThatOfTensorFlow(float[] values) throws InvalidProtocolBufferException {
        var histogram = new Histogram();
        histogram.add(values, values.length);
        assertThat(histogram.toProto()).isEqualTo(ofTensorFlow(values));
    }

    private static HistogramProto ofTensorFlow(float[] values) throws InvalidProtocolBufferException {
        try (EagerSession session = EagerSession.create()) {
            Ops tf = Ops.create(session);
            var summary = tf.summary.histogramSummary(tf.constant("values"), tf.constant(values));
            byte[] bytes = summary.summary().asTensor().asBytes().getObject();
            return Summary.parseFrom(bytes).getValue(0).getHisto();
        }
    }

    @Test
    void countsOnlyWhatIsFinite() {
        var histogram = new Histogram();
        histogram.add(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}, 3);
        assertThat(histogram.isEmpty()).isTrue();
        histogram.add(new float[] {1, 2, 3}, 2);
        assertThat(histogram.toProto().getNum()).isEqualTo(2);
        assertThat(histogram.toProto().getMax()).isEqualTo(2);
    }
}
