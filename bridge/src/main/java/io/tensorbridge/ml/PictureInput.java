package io.tensorbridge.ml;

import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.ImagePreprocessing;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.param.IntParam;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.math.Rint;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A model's input for pictures, and how they are prepared for it.
 *
 * @param name the input
 * @param type {@code DT_FLOAT} or {@code DT_UINT8}
 * @param preprocessing makes pictures of its size and channels
 */
record PictureInput(String name, DataType type, ImagePreprocessing preprocessing) {

    private static final int HEIGHT = 1;
    private static final int WIDTH = 2;
    private static final int CHANNELS = 3;

    /** Returns the input that a stage is to feed, or nothing if there is none that takes pictures, which is noted. */
    static Optional<PictureInput> of(ImageParams<?> stage, Program model, StageProblems problems) {
        List<TensorSpec> inputs = model.signature().inputs();
        Optional<String> named = stage.valueOf(stage.imageInput());
        if (named.isPresent()) {
            Optional<TensorSpec> input = model.signature().input(named.get());
            if (input.isEmpty()) {
                problems.add(
                        "imageInput '%s': expected one of the inputs %s, found none of that name. Mend setImageInput(…)"
                                .formatted(named.get(), names(inputs)));
            }
            return input.flatMap(found -> of(stage, model, found, problems));
        }
        List<TensorSpec> likely = inputs.stream().filter(PictureInput::isLikely).toList();
        if (likely.size() == 1) {
            return of(stage, model, likely.get(0), problems);
        }
        problems.add(
                likely.isEmpty()
                        ? "program '%s': expected an input for pictures, DT_FLOAT or DT_UINT8[?, height, width, channels], found inputs %s. Give another with setProgram(…)"
                                .formatted(model.name(), inputs)
                        : "program '%s': expected one input for pictures, found %s. Choose one with setImageInput(…)"
                                .formatted(model.name(), likely));
        return Optional.empty();
    }

    private static List<String> names(List<TensorSpec> inputs) {
        return inputs.stream().map(TensorSpec::name).toList();
    }

    private static boolean isLikely(TensorSpec input) {
        boolean isOfBytes = input.elementType() == DataType.DT_FLOAT || input.elementType() == DataType.DT_UINT8;
        return isOfBytes && (input.shape().isUnknown() || input.shape().numDimensions() == CHANNELS + 1);
    }

    private static Optional<PictureInput> of(
            ImageParams<?> stage, Program model, TensorSpec input, StageProblems problems) {
        String found = Shapes.describe(input.elementType(), input.shape());
        String said = "program '%s': input '%s': expected ".formatted(model.name(), input.name());
        if (!isLikely(input)) {
            problems.add("%sDT_FLOAT or DT_UINT8[?, height, width, channels], found %s. Mend setImageInput(…)"
                    .formatted(said, found));
            return Optional.empty();
        }
        Shape shape = input.shape().isUnknown() ? Shape.of(-1, -1, -1, -1) : input.shape();
        Optional<Integer> height = size(stage, shape.get(HEIGHT), stage.height(), said, found, problems);
        Optional<Integer> width = size(stage, shape.get(WIDTH), stage.width(), said, found, problems);
        Optional<ColorOrder> colors = colors(stage, shape.get(CHANNELS), said, found, problems);
        PixelScaling scaling = PixelScaling.named(stage.getOrDefault(stage.scaling()));
        if (input.elementType() == DataType.DT_UINT8 && scaling != PixelScaling.NONE) {
            problems.add("%spixels from 0 to 255, since it is %s, found scaling %s. Leave out setScaling(…)"
                    .formatted(said, found, ChoiceParam.nameOf(scaling)));
        }
        if (height.isEmpty() || width.isEmpty() || colors.isEmpty()) {
            return Optional.empty();
        }
        try {
            ImagePreprocessing sized = ImagePreprocessing.to(height.get(), width.get());
            ImagePreprocessing colored = stage.valueOf(stage.colors()).isPresent() || colors.get() == ColorOrder.GREY
                    ? sized.colors(colors.get())
                    : sized;
            return Optional.of(new PictureInput(
                    input.name(), input.elementType(), stage.prepared(colored).scale(scaling)));
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static Optional<Integer> size(
            ImageParams<?> stage, long known, IntParam param, String said, String found, StageProblems problems) {
        Optional<Integer> wanted = stage.valueOf(param).map(Integer.class::cast);
        if (known < 0) {
            if (wanted.isEmpty()) {
                problems.add("%sa known %s of pictures, found %s. Give their size with setSize(…, …)"
                        .formatted(said, param.name(), found));
            }
            return wanted;
        }
        if (wanted.isPresent() && wanted.get() != known) {
            problems.add("%spictures of %s %d, as setSize(…, …) has it, found %s. Leave out setSize(…, …)"
                    .formatted(said, param.name(), wanted.get(), found));
        }
        return Optional.of(Math.toIntExact(known));
    }

    private static Optional<ColorOrder> colors(
            ImageParams<?> stage, long channels, String said, String found, StageProblems problems) {
        Optional<ColorOrder> wanted =
                stage.valueOf(stage.colors()).map(name -> ColorOrder.valueOf(name.toUpperCase(Locale.ROOT)));
        ColorOrder colors = wanted.orElse(channels == 1 ? ColorOrder.GREY : ColorOrder.RGB);
        if (channels >= 0 && channels != colors.channels()) {
            problems.add(
                    wanted.isPresent()
                            ? "%s%d channels, as setColors(…) has it, found %s. Mend setColors(…)"
                                    .formatted(said, colors.channels(), found)
                            : "%s1 or 3 channels, found %s. Give another program with setProgram(…)"
                                    .formatted(said, found));
            return Optional.empty();
        }
        return Optional.of(colors);
    }

    /**
     * Returns a program from a column of pictures to this input.
     *
     * @param isDecoded whether the pictures are what {@link ImagePreprocessing#decoded} takes
     * @param next what has the input
     */
    Program before(Program next, boolean isDecoded) {
        Program pictures = isDecoded ? preprocessing.decoded() : preprocessing.encoded();
        if (type == DataType.DT_UINT8) {
            pictures = pictures.then(bytes());
        }
        return next.after(pictures, Map.of(name, "image")).named(next.name());
    }

    /** Returns what makes bytes of pixels: the nearest, since resizing gives fractions, and cubics some beyond the ends. */
    private Program bytes() {
        return Program.build(tf -> {
            var image = Program.placeholder(
                    tf,
                    "image",
                    TFloat32.class,
                    Shape.of(
                            -1,
                            preprocessing.height(),
                            preprocessing.width(),
                            preprocessing.colors().channels()));
            Rint<TFloat32> whole = tf.math.rint(image);
            return Program.outputs(
                    "image", tf.dtypes.cast(tf.clipByValue(whole, tf.constant(0f), tf.constant(255f)), TUint8.class));
        });
    }
}
