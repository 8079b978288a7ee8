package io.tensorbridge.image;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TransferLedger;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;

/** Runs programs on blocks of pictures, and reads what they give. */
final class PictureRun {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(2);

    private PictureRun() {}

    /** Returns a file of {@code pictures} or {@code photographs} among the resources. */
    static byte[] file(String path) {
        try (InputStream in = Objects.requireNonNull(PictureRun.class.getResourceAsStream("/" + path), path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what {@link ImagePreprocessing#encoded} makes of files: the values of each picture. */
    static float[][] encoded(ImagePreprocessing preprocessing, BufferAllocator allocator, byte[]... files) {
        try (var content = bytes("content", allocator, files)) {
            return images(preprocessing.encoded(), List.of(content), allocator);
        }
    }

    /** Returns what {@link ImagePreprocessing#decoded} makes of pictures. */
    static float[][] decoded(ImagePreprocessing preprocessing, BufferAllocator allocator, RawImage... pictures) {
        List<RawImage> all = List.of(pictures);
        try (var height = ints(
                        "height",
                        allocator,
                        all.stream().mapToInt(RawImage::height).toArray());
                var width = ints(
                        "width",
                        allocator,
                        all.stream().mapToInt(RawImage::width).toArray());
                var channels = ints(
                        "nChannels",
                        allocator,
                        all.stream().mapToInt(RawImage::channels).toArray());
                var data = bytes(
                        "data", allocator, all.stream().map(RawImage::data).toArray(byte[][]::new))) {
            return images(preprocessing.decoded(), List.of(height, width, channels, data), allocator);
        }
    }

    /** A picture as Spark's {@code image} source has it. */
    static final class RawImage {

        private final int height;
        private final int width;
        private final int channels;
        private final byte[] data;

        RawImage(int height, int width, int channels, byte[] data) {
            this.height = height;
            this.width = width;
            this.channels = channels;
            this.data = data;
        }

        int height() {
            return height;
        }

        int width() {
            return width;
        }

        int channels() {
            return channels;
        }

        byte[] data() {
            return data;
        }

        @Override
        public String toString() {
            return "%d x %d x %d in %d bytes".formatted(height, width, channels, data.length);
        }
    }

    private static float[][] images(Program program, List<FieldVector> columns, BufferAllocator allocator) {
        try (var result = run(program, columns, allocator)) {
            int rows = result.getRowCount();
            FieldVector level = result.getVector("image");
            while (level instanceof ListVector list) {
                level = list.getDataVector();
            }
            var values = (Float4Vector) level;
            float[][] images = new float[rows][rows == 0 ? 0 : values.getValueCount() / rows];
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < images[row].length; i++) {
                    images[row][i] = values.get(row * images[row].length + i);
                }
            }
            return images;
        }
    }

    /** Runs a program on a block whose columns are named like its inputs, for all outputs. */
    static VectorSchemaRoot run(Program program, List<FieldVector> columns, BufferAllocator allocator) {
        List<Feed> feeds = new ArrayList<>();
        for (TensorSpec input : program.signature().inputs()) {
            int at = 0;
            while (!columns.get(at).getName().equals(input.name())) {
                at++;
            }
            feeds.add(new Feed.Dense(input.name(), Feed.Column.of(at, input.name()), Optional.empty()));
        }
        List<Fetch> fetches = program.signature().outputs().stream()
                .map(output -> Fetch.of(
                        output.name(),
                        ElementType.of(output.elementType())
                                .orElseThrow()
                                .field(output.name(), output.shape().numDimensions() - 1)))
                .toList();
        try (var session = ProgramSession.load(program, OPTIONS);
                var runner = session.runner(program, feeds, fetches, allocator, new TransferLedger())) {
            return runner.run(columns);
        }
    }

    static VarBinaryVector bytes(String name, BufferAllocator allocator, byte[]... values) {
        var vector = new VarBinaryVector(name, allocator);
        vector.allocateNew(
                Math.max(
                        1,
                        Arrays.stream(values).mapToLong(value -> value.length).sum()),
                values.length);
        for (int row = 0; row < values.length; row++) {
            vector.setSafe(row, values[row]);
        }
        vector.setValueCount(values.length);
        return vector;
    }

    private static IntVector ints(String name, BufferAllocator allocator, int... values) {
        var vector = new IntVector(name, allocator);
        vector.allocateNew(values.length);
        for (int row = 0; row < values.length; row++) {
            vector.set(row, values[row]);
        }
        vector.setValueCount(values.length);
        return vector;
    }
}
