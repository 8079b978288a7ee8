package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
public abstract sealed class ImageTransformer<S extends ImageTransformer<S>> extends ImageParams<S>
        permits ImageFeaturizer, ImagePredictor {

    private static final long serialVersionUID = 1;

    private transient @Nullable JoinedModel joined;

    ImageTransformer(String uid) {
        super(uid);
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
        if (isDefined(decoder())) {
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
        List<String> columns = new ArrayList<>(newColumns(problems));
        valueOf(reasonCol()).ifPresent(columns::add);
        var hidden = new HiddenColumns(df, columns);
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
        BrokenImages broken = broken();
        Optional<DecoderCall> call = valueOf(decoder()).map(custom -> new DecoderCall(custom, broken));
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
        } else if (isDefined(reasonCol())) {
            mapped = mapped.withColumn(getOrDefault(reasonCol()), reason);
        }
        return hidden.drop(mapped);
    }

    private Optional<PictureColumn> pictures(Dataset<?> df, StageProblems problems) {
        Optional<String> name = valueOf(inputCol());
        if (name.isEmpty()) {
            problems.add("inputCol: expected a column of pictures, found none. Give it with setInputCol(…)");
        }
        return name.flatMap(column -> PictureColumn.of(df, column, isDefined(decoder()), problems));
    }

    private void checkReasons(StageProblems problems) {
        if (isDefined(reasonCol()) && broken() != BrokenImages.NULL) {
            problems.add(
                    "reasonCol '%s': expected broken pictures to be nulls, found brokenImages %s. Add setBrokenImages(BrokenImages.NULL), or leave out setReasonCol(…)"
                            .formatted(getOrDefault(reasonCol()), getOrDefault(brokenImages())));
        }
    }

    private static void checkFree(Dataset<?> df, List<String> columns, StageProblems problems) {
        for (int i = 0; i < columns.size(); i++) {
            String column = columns.get(i);
            for (String present : df.columns()) {
                if (HiddenColumns.isSame(df, present, column)) {
                    problems.add(
                            "column '%s': expected a new column, found '%s' among those of the DataFrame. Give it another name, or drop that one"
                                    .formatted(column, present));
                }
            }
            for (String before : columns.subList(0, i)) {
                if (HiddenColumns.isSame(df, before, column)) {
                    problems.add(
                            "column '%s': expected a column of its own, found it to be given twice. Give one another name"
                                    .formatted(column));
                }
            }
        }
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
