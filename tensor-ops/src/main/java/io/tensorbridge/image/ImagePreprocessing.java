package io.tensorbridge.image;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.tensor.InputCheck;
import io.tensorbridge.tensor.Program;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * Brings pictures of any size into the form that a model takes: decoded, resized, their colours in order, their pixels scaled.
 *
 * <pre>{@code
 * Program resnet = Program.fromSavedModel(path);
 * Program ofFiles = resnet.after(ImagePreprocessing.to(224, 224).scale(PixelScaling.CAFFE).encoded(), Map.of("input_1", "image"));
 * }</pre>
 *
 * <p>Every picture is worked on by itself, beside others of its block, so those may be of different sizes, grey or in colours.
 * Transparency is left out: a pixel has the colour that the file gives it, however transparent it is.
 *
 * <p>Immutable, and safe for use by several threads.
 */
public final class ImagePreprocessing implements Serializable {

    private static final long serialVersionUID = 1;

    /** How many pixels a picture may have at most, and the result as well, unless {@link #maxPixels} says otherwise. */
    public static final long MAX_PIXELS = 1L << 26;

    private final int height;
    private final int width;
    private final @Nullable ColorOrder order; // null for that of the scaling
    private final Resizing resizing;
    private final Fitting fitting;
    private final PixelScaling scaling;
    private final long maxPixels;

    private ImagePreprocessing(
            int height,
            int width,
            @Nullable ColorOrder order,
            Resizing resizing,
            Fitting fitting,
            PixelScaling scaling,
            long maxPixels) {
        this.height = height;
        this.width = width;
        this.order = order;
        this.resizing = requireNonNull(resizing, "resizing");
        this.fitting = requireNonNull(fitting, "fitting");
        this.scaling = requireNonNull(scaling, "scaling");
        this.maxPixels = maxPixels;
        if (order == ColorOrder.GREY && scaling.needsColors()) {
            throw new IllegalArgumentException(
                    "Invalid preprocessing: must have colours RGB or BGR for scaling %s, which has a mean for each, found GREY"
                            .formatted(scaling));
        }
    }

    /**
     * Returns the preprocessing to pictures of this size: in RGB, resized as {@code tf.image.resize} does, stretched, their
     * pixels from 0 to 255.
     *
     * @param height in pixels
     * @param width in pixels
     * @throws IllegalArgumentException if one is not positive, or there are more than {@link #MAX_PIXELS} pixels
     */
    public static ImagePreprocessing to(int height, int width) {
        requirePositive("height", height);
        requirePositive("width", width);
        if ((long) height * width > MAX_PIXELS) {
            throw new IllegalArgumentException("Invalid size of pictures: must be at most %d pixels, found %d x %d"
                    .formatted(MAX_PIXELS, height, width));
        }
        return new ImagePreprocessing(
                height, width, null, Resizing.BILINEAR, Fitting.STRETCH, PixelScaling.NONE, MAX_PIXELS);
    }

    private static void requirePositive(String what, long found) {
        if (found <= 0) {
            throw new IllegalArgumentException("Invalid %s: must be positive, found %d".formatted(what, found));
        }
    }

    /** Returns this preprocessing with these channels; otherwise they are in RGB, or in BGR for {@link PixelScaling#CAFFE}. */
    public ImagePreprocessing colors(ColorOrder newOrder) {
        return new ImagePreprocessing(
                height, width, requireNonNull(newOrder, "colors"), resizing, fitting, scaling, maxPixels);
    }

    /** Returns this preprocessing with another way to resize. */
    public ImagePreprocessing resize(Resizing newResizing) {
        return new ImagePreprocessing(height, width, order, newResizing, fitting, scaling, maxPixels);
    }

    /** Returns this preprocessing with another way to treat pictures of other proportions. */
    public ImagePreprocessing fit(Fitting newFitting) {
        return new ImagePreprocessing(height, width, order, resizing, newFitting, scaling, maxPixels);
    }

    /** Returns this preprocessing with other numbers for the pixels. */
    public ImagePreprocessing scale(PixelScaling newScaling) {
        return new ImagePreprocessing(height, width, order, resizing, fitting, newScaling, maxPixels);
    }

    /**
     * Returns this preprocessing with another limit on encoded pictures. One that says of itself that it has more pixels is
     * refused before it is decoded. Decoding takes three or four bytes a pixel, and three to six more for a progressive JPEG;
     * {@link Fitting#CROP} takes another three.
     */
    public ImagePreprocessing maxPixels(long newMaxPixels) {
        requirePositive("maxPixels", newMaxPixels);
        return new ImagePreprocessing(height, width, order, resizing, fitting, scaling, newMaxPixels);
    }

    /** Returns how high pictures become, in pixels. */
    public int height() {
        return height;
    }

    /** Returns how wide pictures become, in pixels. */
    public int width() {
        return width;
    }

    /** Returns the channels that pictures get. */
    public ColorOrder colors() {
        if (order != null) {
            return order;
        }
        return scaling == PixelScaling.CAFFE ? ColorOrder.BGR : ColorOrder.RGB;
    }

    /** Returns how pictures are resized. */
    public Resizing resizing() {
        return resizing;
    }

    /** Returns what becomes of pictures of other proportions. */
    public Fitting fitting() {
        return fitting;
    }

    /** Returns which numbers pixels become. */
    public PixelScaling scaling() {
        return scaling;
    }

    /** Returns how many pixels an encoded picture may have. */
    public long maxPixels() {
        return maxPixels;
    }

    /**
     * Returns a program for pictures as files hold them: JPEG, PNG, GIF (its first frame) or BMP.
     *
     * <p>Its input {@code content} is a column of these files' bytes, {@code DT_STRING[?]}, as Spark's {@code binaryFile}
     * reads them; its output {@code image} is {@code DT_FLOAT[?, height, width, channels]}. What the file says of how the
     * camera was held, EXIF's orientation, is not heeded: TensorFlow does not read it.
     *
     * <p>A file that is none of these, or whose data end too early, fails its row.
     */
    public Program encoded() {
        return Program.build(tf -> {
                    var content = Program.placeholder(tf, "content", TString.class, Shape.scalar());
                    // not three channels at once, since TensorFlow refuses to make them of some BMP files
                    Operand<TUint8> pixels = tf.image.decodeImage(
                            content, TUint8.class, DecodeImage.channels(0L), DecodeImage.expandAnimations(false));
                    return Program.outputs("image", PictureGraph.of(tf, this, pixels, ColorOrder.RGB));
                })
                .perRow()
                .checking("content", InputCheck.image(maxPixels))
                .named("decode");
    }

    /**
     * Returns a program for pictures that are decoded already, as Spark's {@code image} source holds them.
     *
     * <p>Its inputs {@code height}, {@code width}, {@code nChannels} are {@code DT_INT32[?]}, and {@code data}, which is
     * {@code DT_STRING[?]}, has a byte for each channel of each pixel, row by row from the top: one of grey, three in the order
     * blue, green, red, or four with transparency behind these. Its output is that of {@link #encoded}.
     *
     * <p>A picture whose data are not as long as the other columns say fails its row.
     */
    public Program decoded() {
        return Program.build(tf -> {
                    var high = Program.placeholder(tf, "height", TInt32.class, Shape.scalar());
                    var wide = Program.placeholder(tf, "width", TInt32.class, Shape.scalar());
                    var channels = Program.placeholder(tf, "nChannels", TInt32.class, Shape.scalar());
                    var data = Program.placeholder(tf, "data", TString.class, Shape.scalar());
                    Operand<TUint8> pixels = RawPicture.of(tf, high, wide, channels, data);
                    return Program.outputs("image", PictureGraph.of(tf, this, pixels, ColorOrder.BGR));
                })
                .perRow()
                .named("prepare");
    }

    private Settings settings() {
        return new Settings(height, width, colors(), resizing, fitting, scaling, maxPixels);
    }

    /** What two of them are compared by. */
    private record Settings(
            int height,
            int width,
            ColorOrder colors,
            Resizing resizing,
            Fitting fitting,
            PixelScaling scaling,
            long maxPixels) {}

    @Override
    public boolean equals(Object other) {
        return other instanceof ImagePreprocessing preprocessing && settings().equals(preprocessing.settings());
    }

    @Override
    public int hashCode() {
        return settings().hashCode();
    }

    /** Returns what it does to pictures: {@code 224 x 224, BGR, BILINEAR, STRETCH, CAFFE}. */
    @Override
    public String toString() {
        return "%d x %d, %s, %s, %s, %s".formatted(height, width, colors(), resizing, fitting, scaling);
    }
}
