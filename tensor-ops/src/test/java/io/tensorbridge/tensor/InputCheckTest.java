package io.tensorbridge.tensor;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VarBinaryVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;

@ExtendWith(NativeMemoryExtension.class)
class InputCheckTest {

    private static final InputCheck CHECK = InputCheck.image(1_000);
    private static final List<String> FORMATS = List.of("jpg", "png", "gif", "bmp");

    /** A JPEG's beginning up to its frame, whose size is 48 x 32. */
    private static final String FRAME = "FFC0 0011 08 0020 0030 03 011100 021101 031101";

    private static byte[] picture(String format, int width, int height) {
        var bytes = new ByteArrayOutputStream();
        try {
            assertThat(ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR), format, bytes))
                    .isTrue();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    private static byte[] latin(String text) {
        return text.getBytes(ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpg", "png", "gif", "bmp"})
    void passesPicturesUpToTheLimit(String format) {
        assertThat(CHECK.refusal(picture(format, 50, 20))).isEmpty();
        assertThat(CHECK.refusal(picture(format, 1, 1))).isEmpty();
        assertThat(CHECK.refusal(picture(format, 7, 143))).contains(tooLarge("7 x 143"));
    }

    private static String tooLarge(String found) {
        return "The picture is too large: expected at most 1000 pixels, found %s. Raise maxPixels".formatted(found);
    }

    @ParameterizedTest
    @MethodSource
    void saysWhatIsWrongWithOthers(byte[] bytes, String reason) {
        assertThat(CHECK.refusal(bytes)).contains(reason);
    }

    static Stream<Arguments> saysWhatIsWrongWithOthers() {
        String notAnImage = "Not an image: expected JPEG, PNG, GIF or BMP, found ";
        String cutShort =
                "The picture is cut short: expected the width and height of a %s, found %d bytes without them";
        String empty = "The picture is empty: expected at least 1 x 1 pixels, found ";
        return Stream.of(
                arguments(latin(""), notAnImage + "no bytes"),
                arguments(latin("hello"), notAnImage + "bytes that begin with 'hello'"),
                arguments(latin("hello, world"), notAnImage + "bytes that begin with 'hello, w'"),
                arguments(hex("504B0304 14000000 08"), notAnImage + "bytes that begin with 0x504b030414000000"),
                arguments(latin("~ ~"), notAnImage + "bytes that begin with '~ ~'"),
                arguments(hex("FFD8"), notAnImage + "bytes that begin with 0xffd8"),
                arguments(hex("FFD8FF"), cutShort.formatted("JPEG", 3)),
                arguments(hex("FFD8FFE0"), cutShort.formatted("JPEG", 4)),
                arguments(hex("FFD8FFE000"), cutShort.formatted("JPEG", 5)),
                arguments(hex("FFD8FFE0FFFF0000"), cutShort.formatted("JPEG", 8)),
                arguments(hex("FFD8FFE00000"), cutShort.formatted("JPEG", 6)), // a length of less than its own bytes
                arguments(hex("FFD8FFC0 0002"), cutShort.formatted("JPEG", 6)),
                arguments(hex("FFD8FFC0 0011 08 0020"), cutShort.formatted("JPEG", 9)),
                arguments(hex("FFD8FFC0 0006 08 0020 0030 03"), cutShort.formatted("JPEG", 12)),
                arguments(hex("FFD8FFC0 0007 08 0020 0030 03"), tooLarge("48 x 32")),
                arguments(hex("FFD8FFCF 0011 08 0020 0030 03"), tooLarge("48 x 32")),
                arguments(
                        hex("89504E47 00000000 0000000D 49484452 0000000100000001"),
                        "The picture has no size: expected a PNG to begin with its header, found another chunk"),
                arguments(
                        hex("FFD8FFDA0002"),
                        "The picture has no size: expected the frame of a JPEG, found a scan before it"),
                arguments(
                        hex("FFD8FFD9"),
                        "The picture has no size: expected the frame of a JPEG, found the end before it"),
                arguments(hex("FFD8FFC0 0011 08 0000 0030 03"), empty + "48 x 0"),
                arguments(hex("FFD8FFC0 0011 08 4E20 4E20 03"), tooLarge("20000 x 20000")),
                arguments(hex("89504E47 0D0A1A0A"), cutShort.formatted("PNG", 8)),
                arguments(
                        hex("89504E47 0D0A1A0A 00000001 49444154 0000000100000001"),
                        "The picture has no size: expected a PNG to begin with its header, found another chunk"),
                arguments(hex("89504E47 0D0A1A0A 0000000D 49484452 0000000000000001"), empty + "0 x 1"),
                arguments(
                        hex("89504E47 0D0A1A0A 0000000D 49484452 FFFFFFFFFFFFFFFF"),
                        tooLarge("4294967295 x 4294967295")),
                arguments(latin("GIF89a\1\0"), cutShort.formatted("GIF", 8)),
                arguments(latin("GIF89a\0\0\1\0\0\0\0"), empty + "0 x 1"),
                arguments(latin("GIF89a\u00FF\u00FF\u00FF\u00FF\0\0\0"), tooLarge("65535 x 65535")),
                arguments(latin("BM"), cutShort.formatted("BMP", 2)),
                arguments(bmp("00000000 01000000"), empty + "0 x 1"),
                arguments(bmp("FFFFFFFF 01000000"), empty + "-1 x 1"),
                arguments(bmp("01000000 00000080"), tooLarge("1 x 2147483648")));
    }

    @Test
    void passesNoBmpThatTensorFlowTakesForAnother() {
        var reds = new byte[256];
        var others = new byte[256];
        for (int i = 0; i < 256; i++) {
            reds[i] = (byte) (255 - i);
            others[i] = (byte) i;
        }
        assertThat(CHECK.refusal(bmp(new IndexColorModel(8, 256, others, others, others))))
                .isEmpty();
        assertThat(CHECK.refusal(bmp(new IndexColorModel(8, 256, reds, others, others))))
                .hasValue(
                        "The picture has a palette: expected a BMP of grey, or of 24 or 32 bits, found one of other colours. Save it as PNG");
        byte[] packed = bmp(new IndexColorModel(8, 256, others, others, others));
        packed[30] = 1; // run lengths
        assertThat(CHECK.refusal(packed))
                .hasValue(
                        "The picture is packed: expected a BMP without compression, found compression 1. Save it as PNG");
        assertThat(CHECK.refusal(Arrays.copyOf(packed, 30))).isEmpty(); // for the decoder to mind
    }

    private static byte[] bmp(IndexColorModel colors) {
        var bytes = new ByteArrayOutputStream();
        try {
            assertThat(ImageIO.write(new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_INDEXED, colors), "bmp", bytes))
                    .isTrue();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] bmp(String widthAndHeight) {
        return hex("424D 00000000 00000000 36000000 28000000" + widthAndHeight);
    }

    @ParameterizedTest
    @CsvSource({
        "an APP1 and a comment, FFD8 FFE1 0006 FFC0FFC0 FFFE 0003 20",
        "padding before a marker, FFD8 FFFFFFFF FE 0002 FFFFFF E0 0002 FFFF",
        "bytes that belong to nothing, FFD8 FFE0 0002 1234 FF00 FFD0 FF01",
        "restarts, FFD8 FFD0 FFD7",
        "a second beginning, FFD8 FFD8 FFE0 0002",
        "tables with the codes of frames, FFD8 FFC4 0004 FFC0 FFC8 0002 FFCC 0002",
    })
    void findsTheFrameOfAJpegBehind(String what, String before) {
        assertThat(InputCheck.image(48 * 32).refusal(hex(before + FRAME))).isEmpty();
        assertThat(InputCheck.image(48 * 32 - 1).refusal(hex(before + FRAME)))
                .contains("The picture is too large: expected at most 1535 pixels, found 48 x 32. Raise maxPixels");
    }

    @Test
    void countsAllFramesOfAGif() {
        byte[] frame = latin("!\u00F9\4\0\0\0\0\0,\0\0\0\0\50\0\12\0\0\2\1x\0"); // 40 x 10 pixels
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(latin("GIF89a\50\0\12\0\u0080\0\0\0\0\0\u00FF\u00FF\u00FF"));
        bytes.writeBytes(frame);
        bytes.writeBytes(frame);
        assertThat(CHECK.refusal(bytes.toByteArray())).isEmpty();
        bytes.writeBytes(frame);
        assertThat(CHECK.refusal(bytes.toByteArray())).contains(tooLarge("40 x 10 in frame 3"));
    }

    @Test
    void findsFramesOfAGifBehindTablesOfColours() {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(latin("GIF89a\50\0\12\0\u0084\0\0"));
        bytes.writeBytes(new byte[96]);
        for (int i = 0; i < 3; i++) {
            assertThat(CHECK.refusal(bytes.toByteArray())).isEmpty();
            bytes.writeBytes(latin(",\0\0\0\0\50\0\12\0\u0085")); // 40 x 10 pixels
            bytes.writeBytes(new byte[192]);
            bytes.writeBytes(latin("\2\1x\0"));
        }
        assertThat(CHECK.refusal(bytes.toByteArray())).contains(tooLarge("40 x 10 in frame 3"));
    }

    @Test
    void takesTheWidestAndTheHighestFrameOfAGif() {
        String header = "GIF89a\50\0\24\0\0\0\0";
        String wide = ",\0\0\0\0\50\0\1\0\0\2\1x\0"; // 40 x 1 pixels
        String high = ",\0\0\0\0\1\0\24\0\0\2\1x\0"; // 1 x 20 pixels
        assertThat(CHECK.refusal(latin(header + wide + high))).contains(tooLarge("40 x 20 in frame 2"));
        assertThat(CHECK.refusal(latin(header + high + wide))).contains(tooLarge("40 x 20 in frame 2"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void readsAnythingWithoutAnException(long seed) {
        var random = new Random(seed);
        List<byte[]> pictures =
                FORMATS.stream().map(format -> picture(format, 30, 20)).toList();
        for (int i = 0; i < 20_000; i++) {
            byte[] picture = pictures.get(i % pictures.size());
            byte[] bytes = Arrays.copyOf(picture, 1 + random.nextInt(Math.min(picture.length, 300)));
            for (int change = random.nextInt(20); change > 0; change--) {
                bytes[i % 3 == 0 ? random.nextInt(bytes.length) : Math.min(bytes.length - 1, 4 + random.nextInt(40))] =
                        (byte) random.nextInt();
            }
            assertThat(CHECK.refusal(bytes).orElse("")).doesNotContain("null");
        }
    }

    @Test
    void refusesALimitThatNoPictureKeeps() {
        assertThatThrownBy(() -> InputCheck.image(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid maxPixels: must be positive, found 0");
    }

    private static Program identity(String input, String output) {
        return Program.build(tf -> {
            var in = Program.placeholder(tf, input, TString.class, Shape.of(-1));
            return Program.outputs(output, tf.identity(in));
        });
    }

    @Test
    void isKeptByAllThatIsMadeOfAProgram() throws Exception {
        Program program = identity("x", "y").checking("x", CHECK);
        Program row = Program.build(tf -> {
                    var x = Program.placeholder(tf, "x", TString.class, Shape.scalar());
                    return Program.outputs("y", tf.identity(x)).and("z", tf.identity(x));
                })
                .checking("x", CHECK);
        Map<String, InputCheck> kept = Map.of("x", CHECK);

        assertThat(program.named("p").checks()).isEqualTo(kept);
        assertThat(program.movedBy(files -> files).checks()).isEqualTo(kept);
        assertThat(program.then(identity("y", "z")).checks()).isEqualTo(kept);
        assertThat(identity("y", "x").then(program).checks()).isEmpty();
        assertThat(identity("v", "w").then(program, Map.of("x", "w")).checks()).isEmpty();
        assertThat(row.perRow().checks()).isEqualTo(kept);
        assertThat(row.restrictedTo(List.of("z")).checks()).isEqualTo(kept);
        assertThat(row.cutAt("Identity").checks()).isEqualTo(kept);
        assertThat(row.fetching("w", "Identity").checks()).isEqualTo(kept);
        assertThat(copyOf(program)).isEqualTo(program).isNotEqualTo(identity("x", "y"));
        assertThat(copyOf(program).checks()).isEqualTo(kept);
        assertThat(program.sessionKey()).isEqualTo(identity("x", "y").sessionKey());
    }

    private static Program copyOf(Program program) throws IOException, ClassNotFoundException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(program);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Program) in.readObject();
        }
    }

    @Test
    void isLetGoOfWithItsInput() {
        Program two = Program.build(tf -> {
                    var content = Program.placeholder(tf, "content", TString.class, Shape.of(-1));
                    var x = Program.placeholder(tf, "x", TFloat64.class, Shape.of(-1));
                    return Program.outputs("y", tf.math.add(x, x)).and("z", tf.identity(content));
                })
                .checking("content", CHECK);
        Program numbers = two.restrictedTo(List.of("y"));
        assertThat(numbers.checks()).isEmpty();

        Program next = Program.build(tf -> {
            var y = Program.placeholder(tf, "y", TFloat64.class, Shape.of(-1));
            var content = Program.placeholder(tf, "content", TFloat64.class, Shape.of(-1));
            return Program.outputs("w", tf.math.add(y, content));
        });
        assertThat(numbers.then(next).checks()).isEmpty();
        assertThat(next.withChecks(Map.of("content", CHECK)).checks()).isEmpty(); // of doubles, no strings
    }

    @Test
    void addsToACheckThatIsThere() {
        Program program = identity("x", "y").checking("x", CHECK);
        assertThat(program.checking("x", InputCheck.image(10)).checks()).isEqualTo(Map.of("x", InputCheck.image(10)));
        assertThat(program.checking("x", InputCheck.image(2_000)).checks()).isEqualTo(Map.of("x", CHECK));
    }

    @Test
    void needsAnInputOfStrings() {
        Program program = Programs.plusThree();
        assertThatThrownBy(() -> program.checking("y", CHECK))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot check input 'y' of program 'z': expected one of the inputs [x], found no input of that name");
        assertThatThrownBy(() -> program.checking("x", CHECK))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot check input 'x' of program 'z': expected DT_STRING, found DT_DOUBLE");
    }

    @Test
    void keepsABlockFromTensorFlow(BufferAllocator allocator) {
        Program program = identity("x", "y").checking("x", CHECK);
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(
                        program,
                        List.of(Feed.of("x", "x")),
                        List.of(Fetch.of("y", ElementType.UINT8.field("y", 0))),
                        allocator,
                        new TransferLedger());
                var good = Vectors.strings(new VarBinaryVector("x", allocator), picture("png", 2, 3));
                var bad = Vectors.strings(
                        new VarBinaryVector("x", allocator), picture("png", 2, 3), "hello".getBytes(UTF_8))) {
            try (var out = runner.run(List.of(good))) {
                assertThat(((VarBinaryVector) out.getVector("y")).get(0)).isEqualTo(picture("png", 2, 3));
            }
            long nanos = runner.runNanos();
            assertThatThrownBy(() -> runner.run(List.of(bad)))
                    .isInstanceOf(ProgramException.class)
                    .hasMessage(
                            "Program 'y' failed: Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with 'hello'");
            assertThat(runner.runNanos()).isEqualTo(nanos).isGreaterThan(0); // there was no run of it
        }
    }
}
