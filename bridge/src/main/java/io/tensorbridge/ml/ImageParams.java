package io.tensorbridge.ml;

import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.Fitting;
import io.tensorbridge.image.ImagePreprocessing;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.image.Resizing;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;

/**
 * The params of a stage that runs a model on pictures.
 *
 * @param <S> the stage itself
 */
public abstract sealed class ImageParams<S extends ImageParams<S>> extends ProgramTransformer<S>
        permits ImageTransformer {

    private static final long serialVersionUID = 1;

    // measured with a MobileNetV2 on two processors: 32 were a tenth slower, and fewer made little difference
    static final int BLOCK_ROWS = 8;

    private final TextParam inputCol;
    private final TextParam outputCol;
    private final TextParam imageInput;
    private final CountParam height;
    private final CountParam width;
    private final ChoiceParam<ColorOrder> colors;
    private final ScalingParam scaling;
    private final ChoiceParam<Resizing> resizing;
    private final ChoiceParam<Fitting> fitting;
    private final PixelsParam maxPixels;
    private final ChoiceParam<BrokenImages> brokenImages;
    private final TextParam reasonCol;
    private final DecoderParam decoder;

    ImageParams(String uid) {
        super(uid);
        inputCol = new TextParam(this, "inputCol", "the column of pictures");
        outputCol = new TextParam(this, "outputCol", "the new column");
        imageInput =
                new TextParam(this, "imageInput", "the program's input for pictures, if it has several of their form");
        height = new CountParam(this, "height", "height of the pictures that the program gets, if it leaves that open");
        width = new CountParam(this, "width", "width of the pictures that the program gets, if it leaves that open");
        colors = new ChoiceParam<>(this, "colors", "channels of the pictures that the program gets", ColorOrder.class);
        scaling = new ScalingParam(this, "scaling", "numbers that the program gets for pixels");
        resizing = new ChoiceParam<>(this, "resizing", "how pictures are resized", Resizing.class);
        fitting = new ChoiceParam<>(this, "fitting", "what becomes of pictures of other proportions", Fitting.class);
        maxPixels = new PixelsParam(this, "maxPixels", "pixels of an encoded picture, at most");
        brokenImages = new ChoiceParam<>(this, "brokenImages", "what becomes of broken pictures", BrokenImages.class);
        reasonCol = new TextParam(this, "reasonCol", "the new column that says why a picture is broken");
        decoder = new DecoderParam(this, "decoder", "what decodes pictures, if that is not TensorFlow");
        setDefault(blockRows(), BLOCK_ROWS);
        setDefault(scaling, ChoiceParam.nameOf(PixelScaling.NONE));
        setDefault(resizing, ChoiceParam.nameOf(Resizing.BILINEAR));
        setDefault(fitting, ChoiceParam.nameOf(Fitting.STRETCH));
        setDefault(maxPixels, ImagePreprocessing.MAX_PIXELS);
        setDefault(brokenImages, ChoiceParam.nameOf(BrokenImages.ERROR));
    }

    /** Returns the param for the column of pictures. */
    public final Param<String> inputCol() {
        return inputCol;
    }

    /** Sets the column of pictures. */
    public final S setInputCol(String column) {
        return setting(inputCol, column);
    }

    /** Returns the param for the new column. */
    public final Param<String> outputCol() {
        return outputCol;
    }

    /** Sets the new column. */
    public final S setOutputCol(String column) {
        return setting(outputCol, column);
    }

    /** Returns the param for the program's input for pictures. */
    public final Param<String> imageInput() {
        return imageInput;
    }

    /** Sets which input of the program is for pictures; needed where it has several of four dimensions. */
    public final S setImageInput(String input) {
        return setting(imageInput, input);
    }

    /** Returns the param for the height of pictures. */
    public final IntParam height() {
        return height;
    }

    /** Returns the param for the width of pictures. */
    public final IntParam width() {
        return width;
    }

    /** Sets the size of the pictures that the program gets, in pixels; needed where its signature leaves that open. */
    public final S setSize(int newHeight, int newWidth) {
        setting(height, newHeight);
        return setting(width, newWidth);
    }

    /** Returns the param for the channels. */
    public final Param<String> colors() {
        return colors;
    }

    /** Sets the channels that the program gets; without it what the scaling asks for, or grey if the program takes one channel. */
    public final S setColors(ColorOrder order) {
        return setting(colors, ChoiceParam.nameOf(order));
    }

    /** Returns the param for the numbers that pixels become. */
    public final Param<String> scaling() {
        return scaling;
    }

    /** Sets which numbers the program gets for pixels: without it 0 to 255. */
    public final S setScaling(PixelScaling value) {
        return setting(scaling, ChoiceParam.nameOf(value));
    }

    /** Sets which numbers the program gets for pixels, by a name that {@link PixelScaling#named} knows: a model of Keras, say. */
    public final S setScaling(String name) {
        return setting(scaling, name);
    }

    /** Returns the param for how pictures are resized. */
    public final Param<String> resizing() {
        return resizing;
    }

    /** Sets how pictures are resized. */
    public final S setResizing(Resizing value) {
        return setting(resizing, ChoiceParam.nameOf(value));
    }

    /** Returns the param for what becomes of pictures of other proportions. */
    public final Param<String> fitting() {
        return fitting;
    }

    /** Sets what becomes of pictures of other proportions than the program takes. */
    public final S setFitting(Fitting value) {
        return setting(fitting, ChoiceParam.nameOf(value));
    }

    /** Returns the param for the pixels of a picture, at most. */
    public final LongParam maxPixels() {
        return maxPixels;
    }

    /** Sets how many pixels an encoded picture may have; one of more is broken, and is not decoded. */
    public final S setMaxPixels(long pixels) {
        return setting(maxPixels, pixels);
    }

    /** Returns the param for what becomes of broken pictures. */
    public final Param<String> brokenImages() {
        return brokenImages;
    }

    /** Sets what becomes of broken pictures; without it they are errors. */
    public final S setBrokenImages(BrokenImages value) {
        return setting(brokenImages, ChoiceParam.nameOf(value));
    }

    /** Returns the param for the column of reasons. */
    public final Param<String> reasonCol() {
        return reasonCol;
    }

    /** Sets the new column that says why a picture is broken, a sentence or null; for {@link BrokenImages#NULL}. */
    public final S setReasonCol(String column) {
        return setting(reasonCol, column);
    }

    /** Returns the param for the decoder. */
    public final Param<ImageDecoder> decoder() {
        return decoder;
    }

    /** Sets what decodes pictures in TensorFlow's place. */
    public final S setDecoder(ImageDecoder value) {
        return setting(decoder, value);
    }

    /** Returns what becomes of broken pictures. */
    final BrokenImages broken() {
        return brokenImages.choice(getOrDefault(brokenImages));
    }

    /** Returns the preprocessing with what the params say of resizing, fitting and limits. */
    final ImagePreprocessing prepared(ImagePreprocessing sized) {
        return sized.resize(resizing.choice(getOrDefault(resizing)))
                .fit(fitting.choice(getOrDefault(fitting)))
                .maxPixels((Long) getOrDefault(maxPixels));
    }
}
