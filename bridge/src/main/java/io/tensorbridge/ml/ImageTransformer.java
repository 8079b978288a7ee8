package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.image.ColorOrder;
import io.tensorbridge.image.Fitting;
import io.tensorbridge.image.ImagePreprocessing;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.image.Resizing;
import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * A stage that runs a model on pictures.
 *
 * <p>The column of pictures may have files' bytes, as Spark's {@code binaryFile} source reads them, or structs with such bytes
 * in a field {@code content}, or what Spark's {@code image} source makes of files. Decoding, resizing, colours and scaling are a
 * part of the graph that the model is in, and pictures of a block may be of different sizes.
 *
 * @param <S> the stage itself
 */
public abstract sealed class ImageTransformer<S extends ImageTransformer<S>> extends ProgramTransformer<S>
        permits ImageFeaturizer, ImagePredictor {

    private static final long serialVersionUID = 1;

    /** Rows of a block unless it is set: enough for TensorFlow, and no more than a model has memory for. */
    private static final int BLOCK_ROWS = 32;

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
    private transient @Nullable JoinedModel joined;

    ImageTransformer(String uid) {
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

    @Override
    public final S copy(ParamMap extra) {
        S copy = super.copy(extra);
        ((ImageTransformer<?>) copy).joined = joined;
        return copy;
    }

    @Override
    final void requireSavable() {
        super.requireSavable();
        if (isDefined(decoder)) {
            throw new UnsupportedOperationException(DecoderParam.refusal(uid()));
        }
    }

    /** Returns the columns that the stage gives, as far as params tell; notes those that are not set. */
    abstract List<String> newColumns(StageProblems problems);

    /** Returns what the stage makes of the model's outputs, or nothing if they are not such, which is noted. */
    abstract Optional<ModelHead> head(Program model, HiddenColumns hidden, StageProblems problems);

    /** Returns the operation, refined by the form in which outputs are wanted. */
    abstract MapBlocks formed(MapBlocks operation, ModelHead head);

    /** Returns the DataFrame with what the stage makes of the columns that were fetched. */
    abstract Dataset<Row> finished(Dataset<Row> mapped, ModelHead head);

    @Override
    public final Dataset<Row> transform(Dataset<?> df) {
        var problems = new StageProblems(uid());
        List<String> columns = newColumns(problems);
        List<String> taken = new ArrayList<>(columns);
        valueOf(reasonCol).ifPresent(taken::add);
        var hidden = new HiddenColumns(df, taken);
        checkReasons(problems);
        checkFree(df, columns, problems);
        Optional<PictureColumn> pictures = pictures(df, problems);
        Optional<Program> model = program(problems);
        Optional<PictureInput> input = model.flatMap(known -> PictureInput.of(this, known, problems));
        Optional<ModelHead> head = model.flatMap(known -> head(known, hidden, problems));
        problems.throwIfAny();
        return transformed(df, pictures.orElseThrow(), input.orElseThrow(), head.orElseThrow(), hidden);
    }

    private Dataset<Row> transformed(
            Dataset<?> df, PictureColumn pictures, PictureInput input, ModelHead head, HiddenColumns hidden) {
        BrokenImages broken = brokenImages.choice(getOrDefault(brokenImages));
        Optional<DecoderCall> call = valueOf(decoder).map(custom -> new DecoderCall(custom, broken));
        PictureFeeds feeds = PictureFeeds.of(df, pictures, call, hidden);
        MapBlocks operation = mapBlocks(joined(input, head, feeds.isDecoded()));
        for (var feed : feeds.feeds().entrySet()) {
            operation = operation.feed(feed.getKey(), feed.getValue());
        }
        for (var fetch : head.fetches().entrySet()) {
            operation = operation.fetch(fetch.getKey(), fetch.getValue());
        }
        operation = formed(operation, head).blockRows(rowsOfBlock().orElse(BLOCK_ROWS));
        if (broken == BrokenImages.ERROR) {
            return hidden.drop(finished(operation.apply(feeds.rows()), head));
        }
        String found = hidden.add("reason");
        Dataset<Row> mapped = finished(operation.reasons(found).apply(feeds.rows()), head);
        Column reason = feeds.withReason(col(HiddenColumns.quoted(found)));
        if (broken == BrokenImages.DROP) {
            mapped = mapped.filter(reason.isNull());
        } else if (isDefined(reasonCol)) {
            mapped = mapped.withColumn(getOrDefault(reasonCol), reason);
        }
        return hidden.drop(mapped);
    }

    private Optional<PictureColumn> pictures(Dataset<?> df, StageProblems problems) {
        Optional<String> name = valueOf(inputCol);
        if (name.isEmpty()) {
            problems.add("inputCol: expected a column of pictures, found none. Give it with setInputCol(…)");
        }
        return name.flatMap(column -> PictureColumn.of(df, column, isDefined(decoder), problems));
    }

    private void checkReasons(StageProblems problems) {
        if (isDefined(reasonCol) && brokenImages.choice(getOrDefault(brokenImages)) != BrokenImages.NULL) {
            problems.add(
                    "reasonCol '%s': expected broken pictures to be nulls, found brokenImages %s. Add setBrokenImages(BrokenImages.NULL), or leave out setReasonCol(…)"
                            .formatted(getOrDefault(reasonCol), getOrDefault(brokenImages)));
        }
    }

    private void checkFree(Dataset<?> df, List<String> columns, StageProblems problems) {
        List<String> all = new ArrayList<>(columns);
        valueOf(reasonCol).ifPresent(all::add);
        for (int i = 0; i < all.size(); i++) {
            String column = all.get(i);
            for (String present : df.columns()) {
                if (HiddenColumns.isSame(df, present, column)) {
                    problems.add(
                            "column '%s': expected a new column, found '%s' among those of the DataFrame. Give it another name, or drop that one"
                                    .formatted(column, present));
                }
            }
            for (String before : all.subList(0, i)) {
                if (HiddenColumns.isSame(df, before, column)) {
                    problems.add(
                            "column '%s': expected a column of its own, found it to be given twice. Give one another name"
                                    .formatted(column));
                }
            }
        }
    }

    /** Returns the preprocessing with what the params say of resizing, fitting and limits. */
    final ImagePreprocessing prepared(ImagePreprocessing sized) {
        return sized.resize(resizing.choice(getOrDefault(resizing)))
                .fit(fitting.choice(getOrDefault(fitting)))
                .maxPixels((Long) getOrDefault(maxPixels));
    }

    /** Returns the whole program: that of the last DataFrame, if nothing has changed since. */
    private Program joined(PictureInput input, ModelHead head, boolean isDecoded) {
        Object key = List.of(getProgram(), input, head.key(), isDecoded);
        JoinedModel known = joined;
        if (known == null || !known.key().equals(key)) {
            known = new JoinedModel(key, input.before(head.program().get(), isDecoded));
            joined = known;
        }
        return known.program();
    }
}
