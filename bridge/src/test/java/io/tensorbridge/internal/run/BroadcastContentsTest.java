package io.tensorbridge.internal.run;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.model.internal.FileContents;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class BroadcastContentsTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static Function<byte[], Broadcast<byte[]>> broadcast(SparkSession spark) {
        return JavaSparkContext.fromSparkContext(spark.sparkContext())::broadcast;
    }

    @SuppressWarnings("unchecked") // what is written is what is read
    private static <T> T thereAndBack(T object) throws IOException, ClassNotFoundException {
        try (var in = new ObjectInputStream(new ByteArrayInputStream(write(object)))) {
            return (T) in.readObject();
        }
    }

    private static byte[] write(Object object) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    /** {@code z = x + c}, c of so many random values. */
    static Program adding(int values) {
        double[] c = new Random(values).doubles(values).toArray();
        return Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.sum(tf.constant(c), tf.constant(0))));
        });
    }

    /** Returns the program with its files in pieces, each of which another may take the place of. */
    private static Program inPieces(Program program, Function<byte[], Broadcast<byte[]>> broadcast) {
        return program.movedBy(files -> files.movedBy((path, contents) -> {
            try {
                return BroadcastContents.of(contents, /* pieceBytes= */ 100_000, broadcast);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "999, 1", "1000, 1", "1001, 2", "3000, 3"})
    void comesOutAsItWentIn(int length, int pieces, SparkSession spark) throws Exception {
        FileContents contents = () -> new ByteArrayInputStream(random(length));
        BroadcastContents shipped =
                thereAndBack(BroadcastContents.of(contents, /* pieceBytes= */ 1000, broadcast(spark)));
        assertThat(shipped.pieces()).hasSize(pieces);
        try (InputStream in = shipped.open()) {
            assertThat(in.readAllBytes()).isEqualTo(random(length));
        }
        try (InputStream in = shipped.open()) {
            for (byte expected : random(length)) {
                assertThat((byte) in.read()).isEqualTo(expected);
            }
            assertThat(in.read()).isNegative();
        }
    }

    @Test
    void leavesLittleOfAProgramToTravelWithIt(SparkSession spark) throws Exception {
        Program program = adding(50_000);
        Program shipped = inPieces(program, broadcast(spark));
        assertThat(write(shipped)).hasSizeLessThan(20_000);
        Program read = thereAndBack(shipped);
        assertThat(read).isEqualTo(program);
        assertThat(write(program)).hasSizeGreaterThan(400_000);
        ProgramSession.load(read, OPTIONS).close();
    }

    @Test
    void isRefusedWhenAPieceWasChangedOnItsWay(SparkSession spark) {
        Program program = adding(50_000).named("sums");
        List<Broadcast<byte[]>> pieces = new ArrayList<>();
        Program shipped = inPieces(program, piece -> {
            piece[0] ^= (byte) (pieces.isEmpty() ? 0 : 1);
            pieces.add(broadcast(spark).apply(piece));
            return pieces.get(pieces.size() - 1);
        });
        assertThatThrownBy(() -> ProgramSession.load(shipped, OPTIONS))
                .isInstanceOf(ProgramException.class)
                .hasMessageMatching(
                        "Cannot load program 'sums': expected graph\\.pb of SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}\\. Run it again; if it fails again on this machine, check its disk and memory");
    }

    @Test
    void isNotNeededWithinOneProcess() throws Exception {
        ModelFiles files = ModelFiles.ofGraph(random(10));
        HeldContents held = thereAndBack(new HeldContents(HeldContents.idOf(files), ModelFiles.GRAPH));
        try (InputStream in = held.open()) {
            assertThat(in.readAllBytes()).isEqualTo(random(10));
        }
        var gone = new HeldContents(-1, ModelFiles.GRAPH);
        assertThatThrownBy(gone::open)
                .isInstanceOf(IOException.class)
                .hasMessage("expected graph.pb in the driver's process, found it gone");
    }
}
