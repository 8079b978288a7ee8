package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.Float16;
import org.apache.arrow.vector.Float4Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class HalfTensorsTest {

    @Test
    void givesEveryHalfBackAsItWas() {
        for (int half = 0; half <= 0xFFFF; half++) {
            float value = Float.intBitsToFloat(HalfTensors.toFloat((short) half));
            if (Float16.isNaN((short) half)) {
                assertThat(value).isNaN();
                assertThat(Float16.isNaN(HalfTensors.toHalf(Float.floatToRawIntBits(value))))
                        .isTrue();
            } else {
                assertThat(value).isEqualTo(Float16.toFloat((short) half));
                assertThat(HalfTensors.toHalf(Float.floatToRawIntBits(value))).isEqualTo((short) half);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0x3C00",
        "-2, 0xC000",
        "65504, 0x7BFF", // the largest
        "65519.996, 0x7BFF",
        "65520, 0x7C00", // half way to what would be next: infinite
        "1e9, 0x7C00",
        "-Infinity, 0xFC00",
        "NaN, 0x7E00",
        "2049, 0x6800", // between 2048 and 2050: to the even one
        "2051, 0x6802",
        "2049.0002, 0x6801",
        "-0.0, 0x8000",
        "6.1035156e-5, 0x0400", // the smallest normal one
        "6.097555e-5, 0x03FF", // the largest subnormal one
        "5.9604645e-8, 0x0001", // the smallest
        "2.9802322e-8, 0x0000", // half of it: to the even one, 0
        "2.9802326e-8, 0x0001",
        "8.940697e-8, 0x0002",
        "1e-30, 0x0000",
        "1.4e-45, 0x0000",
        "-1e-30, 0x8000",
    })
    void roundsToTheNearestHalfAndTiesToTheEvenOne(float value, String half) {
        assertThat(HalfTensors.toHalf(Float.floatToRawIntBits(value))).isEqualTo((short) (int) Integer.decode(half));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void roundsAsTensorFlowDoes(long seed, BufferAllocator allocator) {
        Program ours = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat16.class, Shape.of(-1));
            return Program.outputs("y", tf.identity(x));
        });
        Program theirs = Program.build(tf -> {
            var x = Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1));
            return Program.outputs("y", tf.dtypes.cast(tf.dtypes.cast(x, TFloat16.class), TFloat32.class));
        });
        var random = new Random(seed);
        int rows = 100_000;
        try (var x = new Float4Vector("x", allocator)) {
            x.allocateNew(rows);
            for (int row = 0; row < rows; row++) { // any bits, and bits whose exponent a half has or nearly has
                int bits = random.nextInt();
                x.set(row, Float.intBitsToFloat(row % 2 == 0 ? bits : bits % (1 << 23) + ((101 + row % 44) << 23)));
            }
            x.setValueCount(rows);
            float[] expected = run(theirs, ElementType.FLOAT32, x, allocator);
            assertThat(run(ours, ElementType.FLOAT16, x, allocator)).isEqualTo(expected);
        }
    }

    private static float[] run(Program program, ElementType type, Float4Vector x, BufferAllocator allocator) {
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(Fetch.of("y", type.field("y", 0))),
                        allocator,
                        new TransferLedger());
                var out = runner.run(List.of(x))) {
            var y = (Float4Vector) out.getVector("y");
            float[] values = new float[y.getValueCount()];
            for (int row = 0; row < values.length; row++) {
                values[row] = y.get(row);
            }
            return values;
        }
    }
}
