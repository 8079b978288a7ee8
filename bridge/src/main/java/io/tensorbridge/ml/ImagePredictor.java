package io.tensorbridge.ml;

import static org.apache.spark.sql.functions.arrays_zip;
import static org.apache.spark.sql.functions.col;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.image.Label;
import io.tensorbridge.image.TopPredictions;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * Says what is on pictures: the best classes of a model, what they are called and how probable they are, as
 * {@code array<struct<class:string, description:string, probability:float>>}, the best first.
 *
 * <pre>{@code
 * var predictor = new ImagePredictor()
 *         .setProgram(mobilenet)
 *         .setScaling("MobileNetV2")
 *         .setTopK(3)
 *         .setLabelsFrom(spark, "imagenet.txt")
 *         .setInputCol("content")
 *         .setOutputCol("predictions");
 * }</pre>
 *
 * <p>The best classes are found in the graph, and their softmax is taken there. Without labels, classes are numbers.
 */
public final class ImagePredictor extends ImageTransformer<ImagePredictor> {

    private static final long serialVersionUID = 1;

    private static final int TOP_K = 5;
    private static final String TYPE = "array<struct<class:string,description:string,probability:float>>";

    private final CountParam topK;
    private final NamesParam labels;
    private final ChoiceParam<Scores> scores;
    private final TextParam scoresOutput;

    /** What the numbers are that a model gives for classes. */
    public enum Scores {
        /** Probabilities, as a model with a softmax at its end gives. */
        PROBABILITIES,
        /** Logits, whose softmax the probabilities are. */
        LOGITS
    }

    /** Creates a stage without a program. */
    public ImagePredictor() {
        this(Identifiable.randomUID("imagePredictor"));
    }

    /**
     * Creates a stage without a program.
     *
     * @param uid what names the stage within a pipeline
     */
    public ImagePredictor(String uid) {
        super(uid);
        topK = new CountParam(this, "topK", "how many classes are given for a picture");
        labels = new NamesParam(this, "labels", "a class for each score in order, or class, tab, description");
        scores = new ChoiceParam<>(this, "scores", "what the model gives for classes", Scores.class);
        scoresOutput = new TextParam(this, "scoresOutput", "the output that has the scores, if there are several");
        setDefault(topK, TOP_K);
        setDefault(labels, List.of());
        setDefault(scores, ChoiceParam.nameOf(Scores.PROBABILITIES));
    }

    /** Returns what reads a stage that was saved. */
    public static MLReader<ImagePredictor> read() {
        return new StageReader<>(ImagePredictor.class, ImagePredictor::new);
    }

    /** Reads a stage that was saved. */
    public static ImagePredictor load(String path) {
        return read().load(path);
    }

    @Override
    ImagePredictor self() {
        return this;
    }

    /** Returns the param for the number of classes given. */
    public IntParam topK() {
        return topK;
    }

    /** Sets how many classes are given for a picture: without it 5. */
    public ImagePredictor setTopK(int value) {
        return setting(topK, value);
    }

    /** Returns the param for the labels. */
    public Param<List<String>> labels() {
        return labels;
    }

    /** Sets what classes are called, in the order of the scores: each {@code class}, or {@code class<TAB>description}. */
    public ImagePredictor setLabels(List<String> values) {
        return setting(labels, List.copyOf(values));
    }

    /** Sets what classes are called; see {@link #setLabels(List)}. */
    public ImagePredictor setLabels(String... values) {
        return setLabels(Arrays.asList(values));
    }

    /**
     * Sets what classes are called, as a file says that is read now: one on each line, as for {@link #setLabels(List)}. The
     * stage holds the labels and needs the file no more.
     *
     * @param uri where the file is, in any file system that Hadoop has
     * @throws IllegalArgumentException if there is no such file, or it has no labels
     */
    public ImagePredictor setLabelsFrom(SparkSession spark, String uri) {
        return setLabels(LabelFile.read(spark, uri));
    }

    /** Returns the param for what the scores are. */
    public Param<String> scores() {
        return scores;
    }

    /** Sets what the model gives for classes: without it probabilities. */
    public ImagePredictor setScores(Scores value) {
        return setting(scores, ChoiceParam.nameOf(value));
    }

    /** Returns the param for the output that has the scores. */
    public Param<String> scoresOutput() {
        return scoresOutput;
    }

    /** Sets which of several outputs has the scores. */
    public ImagePredictor setScoresOutput(String output) {
        return setting(scoresOutput, output);
    }

    @Override
    List<String> newColumns(StageProblems problems) {
        Optional<String> column = valueOf(outputCol());
        if (column.isEmpty()) {
            problems.add("outputCol: expected a new column, found none. Give it with setOutputCol(…)");
        }
        return column.map(List::of).orElse(List.of());
    }

    @Override
    Optional<ModelHead> head(Program model, HiddenColumns hidden, StageProblems problems) {
        return scoresOf(model, problems).map(output -> {
            checkClasses(output, problems);
            Map<String, String> fetches = new LinkedHashMap<>();
            outputs().forEach(part -> fetches.put(part, hidden.add(part)));
            Object key = List.of(output.name(), k(), getOrDefault(scores), getOrDefault(labels));
            return new ModelHead(key, fetches, () -> predictions().after(model, output.name()));
        });
    }

    private Optional<TensorSpec> scoresOf(Program model, StageProblems problems) {
        List<TensorSpec> outputs = model.signature().outputs();
        Optional<String> named = valueOf(scoresOutput);
        if (named.isEmpty() && outputs.size() > 1) {
            problems.add("program '%s': expected one output, found %s. Choose one with setScoresOutput(…)"
                    .formatted(model.name(), outputs));
            return Optional.empty();
        }
        Optional<TensorSpec> output = named.isEmpty()
                ? Optional.of(outputs.get(0))
                : model.signature().output(named.get());
        if (output.isEmpty()) {
            problems.add(
                    "scoresOutput '%s': expected one of the outputs %s, found none of that name. Mend setScoresOutput(…)"
                            .formatted(
                                    named.orElseThrow(),
                                    outputs.stream().map(TensorSpec::name).toList()));
        }
        return output.filter(found -> isOfScores(found, problems));
    }

    private static boolean isOfScores(TensorSpec output, StageProblems problems) {
        Shape shape = output.shape();
        if (output.elementType() == DataType.DT_FLOAT && (shape.isUnknown() || shape.numDimensions() == 2)) {
            return true;
        }
        problems.add(
                "output '%s': expected scores, DT_FLOAT[?, classes], found %s. Choose another with setScoresOutput(…), or give another program with setProgram(…)"
                        .formatted(output.name(), Shapes.describe(output.elementType(), shape)));
        return false;
    }

    private void checkClasses(TensorSpec output, StageProblems problems) {
        int named = getOrDefault(labels).size();
        long known =
                output.shape().isUnknown() ? Shape.UNKNOWN_SIZE : output.shape().get(1);
        if (known >= 0 && named > 0 && named != known) {
            problems.add("labels: expected one for each of the %d classes of output '%s', found %d. Mend setLabels(…)"
                    .formatted(known, output.name(), named));
        }
        long classes = known < 0 && named > 0 ? named : known;
        if (classes >= 0 && k() > classes) {
            problems.add("topK: expected at most %d, as many as there are classes, found %d. Lower setTopK(…)"
                    .formatted(classes, k()));
        }
    }

    private int k() {
        return (Integer) getOrDefault(topK);
    }

    private List<String> outputs() {
        return getOrDefault(labels).isEmpty()
                ? List.of("classes", "probabilities")
                : List.of("names", "descriptions", "probabilities");
    }

    private TopPredictions predictions() {
        var top = TopPredictions.of(k());
        if (scores.choice(getOrDefault(scores)) == Scores.LOGITS) {
            top = top.softmax();
        }
        List<Label> all =
                getOrDefault(labels).stream().map(ImagePredictor::label).toList();
        return all.isEmpty() ? top : top.labels(all);
    }

    private static Label label(String text) {
        int tab = text.indexOf('\t');
        return tab < 0 ? Label.of(text) : new Label(text.substring(0, tab), text.substring(tab + 1));
    }

    @Override
    MapBlocks formed(MapBlocks operation, ModelHead head) {
        return operation;
    }

    @Override
    Dataset<Row> finished(Dataset<Row> mapped, ModelHead head) {
        List<Column> parts = head.fetches().values().stream()
                .map(column -> col(HiddenColumns.quoted(column)))
                .toList();
        Column probabilities = parts.get(parts.size() - 1);
        Column classes = parts.get(0).cast("array<string>");
        Column descriptions = parts.size() > 2 ? parts.get(1) : classes;
        return mapped.withColumn(
                getOrDefault(outputCol()),
                arrays_zip(classes, descriptions, probabilities).cast(TYPE));
    }
}
