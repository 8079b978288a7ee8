package io.tensorbridge.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.image.PictureRun.RawImage;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.TensorSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class ImagePreprocessingTest {

    /**
     * Of 0 to 255, so that what Python computes in another order of additions, as grey, is allowed its rounding: a float has
     * seven digits.
     */
    private static final float TOLERANCE = 1e-4f;

    /** A line of what Python made of the pictures. */
    record Expected(String picture, ImagePreprocessing preprocessing, String numbers) {

        static Expected of(String line) {
            String[] cells = line.split("\t", -1);
            ImagePreprocessing preprocessing = ImagePreprocessing.to(
                            Integer.parseInt(cells[1]), Integer.parseInt(cells[2]))
                    .resize(Resizing.valueOf(cells[4]))
                    .fit(Fitting.valueOf(cells[5]))
                    .scale(PixelScaling.valueOf(cells[6]));
            return new Expected(
                    cells[0],
                    cells[3].equals("-") ? preprocessing : preprocessing.colors(ColorOrder.valueOf(cells[3])),
                    cells[7]);
        }

        float[] values() {
            String[] each = numbers.split(" ", -1);
            float[] values = new float[each.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.parseFloat(each[i]);
            }
            return values;
        }

        @Override
        public String toString() {
            return picture + " to " + preprocessing;
        }
    }

    static Stream<Expected> expected() {
        return new String(PictureRun.file("pictures/expected.tsv"), StandardCharsets.UTF_8)
                .lines()
                .skip(1)
                .map(Expected::of);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("expected")
    void givesWhatPythonGives(Expected expected, BufferAllocator allocator) {
        float[][] found = PictureRun.encoded(
                expected.preprocessing(), allocator, PictureRun.file("pictures/" + expected.picture()));
        assertThat(found).hasNumberOfRows(1);
        assertThat(found[0]).containsExactly(expected.values(), within(TOLERANCE));
    }

    private static final String[] OF_ALL_KINDS = {
        "animated.gif", "bits.png", "cmyk.jpg", "deep.png", "grey.bmp", "grey.jpg", "grey.png", "grey_alpha.png",
        "high.png", "one.png", "palette.png", "progressive.jpg", "rgb.bmp", "rgb.jpg", "rgb.png", "rgba.bmp",
        "rgba.png", "turned.jpg", "wide.png"
    };

    @ParameterizedTest
    @EnumSource
    void takesPicturesOfAllKindsAndSizesInOneBlock(ColorOrder colors, BufferAllocator allocator) {
        byte[][] files = Arrays.stream(OF_ALL_KINDS)
                .map(name -> PictureRun.file("pictures/" + name))
                .toArray(byte[][]::new);
        ImagePreprocessing preprocessing =
                ImagePreprocessing.to(6, 5).colors(colors).fit(Fitting.PAD);
        float[][] together = PictureRun.encoded(preprocessing, allocator, files);
        for (int i = 0; i < files.length; i++) {
            assertThat(together[i])
                    .as(OF_ALL_KINDS[i])
                    .hasSize(6 * 5 * colors.channels())
                    .containsExactly(PictureRun.encoded(preprocessing, allocator, files[i])[0]);
        }
    }

    @Test
    void leavesThePictureAsTheCameraWasHeld(BufferAllocator allocator) {
        float[][] found = PictureRun.encoded(
                ImagePreprocessing.to(5, 4),
                allocator,
                PictureRun.file("pictures/rgb.jpg"),
                PictureRun.file("pictures/turned.jpg"));
        assertThat(found[1]).containsExactly(found[0]);
    }

    @Test
    void runsNoPictures(BufferAllocator allocator) {
        assertThat(PictureRun.encoded(ImagePreprocessing.to(5, 4), allocator)).hasNumberOfRows(0);
        assertThat(PictureRun.decoded(ImagePreprocessing.to(5, 4), allocator)).hasNumberOfRows(0);
    }

    @Test
    void saysItsShapes() {
        assertThat(ImagePreprocessing.to(5, 4).encoded().signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactly("content: DT_STRING[?]");
        assertThat(ImagePreprocessing.to(5, 4).decoded().signature().inputs())
                .extracting(TensorSpec::toString)
                .containsExactlyInAnyOrder(
                        "height: DT_INT32[?]", "width: DT_INT32[?]", "nChannels: DT_INT32[?]", "data: DT_STRING[?]");
        for (Fitting fitting : Fitting.values()) {
            for (Resizing resizing : Resizing.values()) {
                ImagePreprocessing preprocessing =
                        ImagePreprocessing.to(5, 4).fit(fitting).resize(resizing);
                assertThat(preprocessing.encoded().signature().outputs())
                        .extracting(TensorSpec::toString)
                        .containsExactly("image: DT_FLOAT[?, 5, 4, 3]");
                assertThat(preprocessing
                                .colors(ColorOrder.GREY)
                                .decoded()
                                .signature()
                                .outputs())
                        .extracting(TensorSpec::toString)
                        .containsExactly("image: DT_FLOAT[?, 5, 4, 1]");
            }
        }
    }

    @Test
    void hasOperationsThatAnyModelMayHave() {
        for (Fitting fitting : Fitting.values()) {
            for (Resizing resizing : Resizing.values()) {
                for (ColorOrder colors : ColorOrder.values()) {
                    ImagePreprocessing preprocessing = ImagePreprocessing.to(5, 4)
                            .fit(fitting)
                            .resize(resizing)
                            .colors(colors);
                    assertIsAllowed(preprocessing.encoded());
                    assertIsAllowed(preprocessing.decoded());
                }
            }
        }
    }

    /** Reads the program's graph as one of unknown origin is read, by the standard policy. */
    private static void assertIsAllowed(Program program) {
        program.movedBy(files -> {
            try {
                GraphDef graph = GraphDef.parseFrom(files.bytes(ModelFiles.GRAPH));
                String mapping = graph.getNodeList().stream()
                        .filter(node -> node.getOp().equals("MapDefun"))
                        .findAny()
                        .orElseThrow()
                        .getName();
                assertThat(Program.fromGraphDef(graph, mapping).signature().outputs())
                        .hasSize(1);
                return files;
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
        });
    }

    /** Returns a picture's pixels as Spark's image source reads them. */
    private static RawImage raw(String name, int channels) throws IOException {
        var image = ImageIO.read(new ByteArrayInputStream(PictureRun.file("pictures/" + name)));
        byte[] data = new byte[image.getHeight() * image.getWidth() * channels];
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int argb = image.getRGB(x, y);
                data[at++] = (byte) argb;
                if (channels > 1) {
                    data[at++] = (byte) (argb >> 8);
                    data[at++] = (byte) (argb >> 16);
                }
                if (channels > 3) {
                    data[at++] = (byte) (argb >> 24);
                }
            }
        }
        return new RawImage(image.getHeight(), image.getWidth(), channels, data);
    }

    @ParameterizedTest
    @EnumSource
    void givesTheSameForDecodedPictures(ColorOrder colors, BufferAllocator allocator) throws IOException {
        ImagePreprocessing preprocessing =
                ImagePreprocessing.to(6, 5).colors(colors).fit(Fitting.CROP);
        float[][] encoded = PictureRun.encoded(
                preprocessing,
                allocator,
                PictureRun.file("pictures/rgb.png"),
                PictureRun.file("pictures/rgba.png"),
                PictureRun.file("pictures/high.png"),
                PictureRun.file("pictures/bits.png"));
        float[][] decoded = PictureRun.decoded(
                preprocessing,
                allocator,
                raw("rgb.png", 3),
                raw("rgba.png", 4),
                raw("high.png", 3),
                raw("bits.png", 1));
        assertThat(decoded).hasNumberOfRows(4);
        for (int i = 0; i < encoded.length; i++) {
            assertThat(decoded[i]).containsExactly(encoded[i], within(TOLERANCE));
        }
    }

    static Stream<Arguments> brokenFiles() {
        byte[] photograph = PictureRun.file("photographs/flower.jpg");
        byte[] png = PictureRun.file("pictures/rgb.png");
        byte[] photographOfNothing = photograph.clone();
        int frame = indexOfFrame(photograph);
        Arrays.fill(photographOfNothing, frame + 5, frame + 9, (byte) 0);
        return Stream.of(
                arguments(
                        "hello".getBytes(StandardCharsets.UTF_8),
                        "Not an image: expected JPEG, PNG, GIF or BMP, found bytes that begin with 'hello'"),
                arguments(new byte[0], "Not an image: expected JPEG, PNG, GIF or BMP, found no bytes"),
                arguments(
                        pngOf(20_000, 20_000),
                        "The picture is too large: expected at most 67108864 pixels, found 20000 x 20000. Raise maxPixels"),
                arguments(pngOf(0, 0), "The picture is empty: expected at least 1 x 1 pixels, found 0 x 0"),
                arguments(photographOfNothing, "The picture is empty: expected at least 1 x 1 pixels, found 0 x 0"),
                arguments(
                        Arrays.copyOf(photograph, 100),
                        "The picture is cut short: expected the width and height of a JPEG, found 100 bytes without them"),
                arguments(Arrays.copyOf(photograph, photograph.length / 2), "Invalid JPEG data"),
                arguments(Arrays.copyOf(png, png.length / 2), "Invalid PNG data"),
                arguments(pngOf(100, 100), "Invalid PNG"));
    }

    /** Returns a PNG's header, which says how large it is, and nothing behind it. */
    private static byte[] pngOf(int width, int height) {
        byte[] png = Arrays.copyOf(PictureRun.file("pictures/rgb.png"), 33);
        ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
        var checksum = new CRC32();
        checksum.update(png, 12, 17);
        ByteBuffer.wrap(png).putInt(29, (int) checksum.getValue());
        return png;
    }

    private static int indexOfFrame(byte[] jpeg) {
        int at = 2;
        while (jpeg[at + 1] != (byte) 0xC0) { // past the segments before it
            at += 2 + ByteBuffer.wrap(jpeg).getShort(at + 2);
        }
        return at;
    }

    @ParameterizedTest
    @MethodSource("brokenFiles")
    void refusesWhatIsNoPicture(byte[] file, String reason, BufferAllocator allocator) {
        byte[] sound = PictureRun.file("pictures/rgb.png");
        assertThatThrownBy(() -> PictureRun.encoded(ImagePreprocessing.to(5, 4), allocator, sound, file))
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void takesLargerPicturesIfAsked(BufferAllocator allocator) {
        byte[] photograph = PictureRun.file("photographs/flower.jpg");
        ImagePreprocessing preprocessing = ImagePreprocessing.to(5, 4);
        assertThat(PictureRun.encoded(preprocessing.maxPixels(480 * 320), allocator, photograph))
                .hasNumberOfRows(1);
        assertThatThrownBy(() -> PictureRun.encoded(preprocessing.maxPixels(480 * 320 - 1), allocator, photograph))
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining(
                        "The picture is too large: expected at most 153599 pixels, found 480 x 320. Raise maxPixels");
    }

    @Test
    void looksAtPicturesBeforeTheyAreDecodedInAModelToo(BufferAllocator allocator) {
        Program model = Program.build(tf -> {
            var image = Program.placeholder(tf, "image", TFloat32.class, Shape.of(-1, 5, 4, 3));
            return Program.outputs("image", tf.math.neg(image));
        });
        Program joined = model.after(ImagePreprocessing.to(5, 4).encoded());
        try (var content = PictureRun.bytes("content", allocator, pngOf(20_000, 20_000))) {
            assertThatThrownBy(() -> PictureRun.run(joined, List.of(content), allocator))
                    .isInstanceOf(ProgramException.class)
                    .hasMessageContaining("found 20000 x 20000. Raise maxPixels");
        }
    }

    static Stream<Arguments> brokenRawImages() {
        return Stream.of(
                arguments(new RawImage(2, 2, 3, new byte[11]), notAsManyBytes(12, 11)),
                arguments(new RawImage(2, 2, 3, new byte[13]), notAsManyBytes(12, 13)),
                arguments(new RawImage(2, 2, 3, new byte[0]), notAsManyBytes(12, 0)),
                arguments(new RawImage(1 << 16, 1 << 16, 1, new byte[0]), notAsManyBytes(1L << 32, 0)),
                arguments(new RawImage(2, 2, 2, new byte[8]), unknownChannels(2)),
                arguments(new RawImage(2, 2, 0, new byte[0]), unknownChannels(0)),
                arguments(new RawImage(2, 2, -1, new byte[4]), unknownChannels(-1)),
                arguments(new RawImage(0, 0, 3, new byte[0]), noPixels("0 x 0")),
                arguments(new RawImage(0, 2, 3, new byte[0]), noPixels("0 x 2")),
                arguments(new RawImage(-1, 2, 3, new byte[12]), noPixels("-1 x 2")), // a reshape would take it for 2
                arguments(new RawImage(-2, -2, 3, new byte[12]), noPixels("-2 x -2")),
                arguments(new RawImage(-1, -1, -1, new byte[0]), noPixels("-1 x -1"))); // Spark's for a broken file
    }

    private static String notAsManyBytes(long expected, long found) {
        return "[The data of the picture are not height * width * nChannels bytes: expected %d, found %d]"
                .formatted(expected, found);
    }

    private static String unknownChannels(int found) {
        return "[The picture has unknown channels: expected 1, 3 or 4, found %d]".formatted(found);
    }

    private static String noPixels(String found) {
        return "[The picture has no pixels: expected a height and a width above 0, found %s]".formatted(found);
    }

    @ParameterizedTest
    @MethodSource("brokenRawImages")
    void refusesDecodedPicturesThatAreNot(RawImage broken, String reason, BufferAllocator allocator) {
        assertThatThrownBy(() -> PictureRun.decoded(ImagePreprocessing.to(5, 4), allocator, broken))
                .isInstanceOf(ProgramException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void takesTheOrderOfColorsThatItsScalingIsPublishedFor() {
        ImagePreprocessing plain = ImagePreprocessing.to(5, 4);
        assertThat(plain.colors()).isEqualTo(ColorOrder.RGB);
        assertThat(plain.scale(PixelScaling.CAFFE).colors()).isEqualTo(ColorOrder.BGR);
        assertThat(plain.scale(PixelScaling.CAFFE).colors(ColorOrder.RGB))
                .isEqualTo(plain.colors(ColorOrder.RGB).scale(PixelScaling.CAFFE))
                .isNotEqualTo(plain.scale(PixelScaling.CAFFE));
        assertThat(plain.scale(PixelScaling.CAFFE).scale(PixelScaling.TF).colors())
                .isEqualTo(ColorOrder.RGB);
    }

    @Test
    void isAValueThatTravels() throws Exception {
        ImagePreprocessing preprocessing = ImagePreprocessing.to(224, 192)
                .scale(PixelScaling.CAFFE)
                .fit(Fitting.PAD)
                .resize(Resizing.AREA)
                .maxPixels(7);
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(preprocessing);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(preprocessing).hasSameHashCodeAs(preprocessing);
        }
        assertThat(preprocessing)
                .hasToString("224 x 192, BGR, AREA, PAD, CAFFE")
                .isNotEqualTo(preprocessing.maxPixels(8));
        assertThat(preprocessing.encoded()).isEqualTo(preprocessing.encoded());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void refusesSizesThatAreNone(int size) {
        assertThatThrownBy(() -> ImagePreprocessing.to(size, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid height: must be positive, found " + size);
        assertThatThrownBy(() -> ImagePreprocessing.to(4, size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid width: must be positive, found " + size);
        assertThatThrownBy(() -> ImagePreprocessing.to(4, 5).maxPixels(size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid maxPixels: must be positive, found " + size);
    }

    @Test
    void refusesNonsense() {
        assertThatThrownBy(() -> ImagePreprocessing.to(8193, 8192))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid size of pictures: must be at most 67108864 pixels, found 8193 x 8192");
        for (PixelScaling scaling : List.of(PixelScaling.CAFFE, PixelScaling.TORCH)) {
            assertThatThrownBy(() -> ImagePreprocessing.to(4, 5).scale(scaling).colors(ColorOrder.GREY))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "Invalid preprocessing: must have colours RGB or BGR for scaling %s, which has a mean for each, found GREY"
                                    .formatted(scaling));
        }
    }
}
