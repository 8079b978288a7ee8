package io.tensorbridge.image;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Which numbers a model gets for the pixels of 0 to 255. {@link #TF}, {@link #CAFFE} and {@link #TORCH} are the modes of
 * {@code keras.applications.imagenet_utils.preprocess_input}.
 */
public enum PixelScaling {
    /** 0 to 255, as the pixels are. Models that scale by themselves take these. */
    NONE {
        @Override
        Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width) {
            return image;
        }
    },

    /** 0 to 1: {@code x / 255}. */
    UNIT {
        @Override
        Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width) {
            return tf.math.div(image, tf.constant(255f));
        }
    },

    /** -1 to 1: {@code x / 127.5 - 1}. */
    TF {
        @Override
        Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width) {
            return tf.math.sub(tf.math.div(image, tf.constant(127.5f)), tf.constant(1f));
        }
    },

    /**
     * The mean of ImageNet's pixels is taken off each colour: 123.68 red, 116.779 green, 103.939 blue. Colours are in the order
     * {@link ColorOrder#BGR} unless another is asked for.
     */
    CAFFE {
        @Override
        Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width) {
            return tf.math.sub(image, perColor(tf, order, width, 123.68f, 116.779f, 103.939f));
        }
    },

    /**
     * 0 to 1, then less the mean of ImageNet's pixels and divided by their deviation, colour by colour: means 0.485, 0.456,
     * 0.406, deviations 0.229, 0.224, 0.225 of red, green, blue.
     */
    TORCH {
        @Override
        Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width) {
            var centred = tf.math.sub(
                    tf.math.div(image, tf.constant(255f)), perColor(tf, order, width, 0.485f, 0.456f, 0.406f));
            return tf.math.div(centred, perColor(tf, order, width, 0.229f, 0.224f, 0.225f));
        }
    };

    /** How many pixels a row may have for a constant in the graph to be as long. */
    private static final int LONGEST_ROW = 4096;

    /** What {@code preprocess_input} of each model in {@code keras.applications} does, under the model's name. */
    private static final Map<String, PixelScaling> OF_KERAS = ofKeras();

    private static Map<String, PixelScaling> ofKeras() {
        Map<PixelScaling, String> models = Map.of(
                NONE,
                """
                ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge
                EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3
                EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7
                EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3
                EfficientNetV2S EfficientNetV2M EfficientNetV2L MobileNetV3Small MobileNetV3Large
                """,
                TF,
                """
                InceptionResNetV2 InceptionV3 MobileNet MobileNetV2 NASNetLarge NASNetMobile
                ResNet50V2 ResNet101V2 ResNet152V2 Xception
                """,
                CAFFE,
                "ResNet50 ResNet101 ResNet152 VGG16 VGG19",
                TORCH,
                "DenseNet121 DenseNet169 DenseNet201");
        Map<String, PixelScaling> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        models.forEach((scaling, names) ->
                Arrays.stream(names.strip().split("\\s+")).forEach(name -> byName.put(name, scaling)));
        return byName;
    }

    /**
     * Returns the scaling of a name: {@code none}, {@code unit}, {@code tf}, {@code caffe}, {@code torch}, or the name of a model
     * in {@code keras.applications}, such as {@code ResNet50}, for what Keras does for that model.
     *
     * @param name a name in upper case or lower
     * @throws IllegalArgumentException if it is none of these; the message lists them
     */
    public static PixelScaling named(String name) {
        requireNonNull(name, "name");
        PixelScaling ofModel = OF_KERAS.get(name);
        if (ofModel != null) {
            return ofModel;
        }
        for (PixelScaling scaling : values()) {
            if (scaling.name().equalsIgnoreCase(name)) {
                return scaling;
            }
        }
        throw new IllegalArgumentException(
                "Invalid scaling of pixels: must be one of %s, or a model of Keras: %s, found '%s'"
                        .formatted(
                                Arrays.stream(values())
                                        .map(scaling -> scaling.name().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", ")),
                                String.join(", ", OF_KERAS.keySet()),
                                name));
    }

    /**
     * Adds the scaling to a graph.
     *
     * @param image from 0 to 255, {@code [height, width, channels]}
     * @param order which channels these are
     * @param width the width of the image
     */
    abstract Operand<TFloat32> scale(Ops tf, Operand<TFloat32> image, ColorOrder order, int width);

    /** Returns whether each colour has a mean of its own, so that a model takes nothing grey. */
    boolean needsColors() {
        return this == CAFFE || this == TORCH;
    }

    /**
     * Returns a value for each channel, for every pixel of a row: what is added to all rows alike is added several times as fast as
     * what is added to all pixels alike.
     */
    private static Operand<TFloat32> perColor(Ops tf, ColorOrder order, int width, float red, float green, float blue) {
        float[] pixel = order == ColorOrder.BGR ? new float[] {blue, green, red} : new float[] {red, green, blue};
        if (width > LONGEST_ROW) {
            return tf.constant(pixel);
        }
        float[][] row = new float[width][];
        Arrays.fill(row, pixel);
        return tf.constant(row);
    }
}
