package io.tensorbridge.ml;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.tensorflow.proto.DataType;

/**
 * Makes features of pictures: what a model, or a part of one, gives for them.
 *
 * <pre>{@code
 * var featurizer = new ImageFeaturizer()
 *         .setProgram(mobilenet.cutAt("block_13/Relu"))
 *         .setScaling("MobileNetV2")
 *         .setPooling(Pooling.AVERAGE)
 *         .setInputCol("content")
 *         .setOutputCol("features");
 * Dataset<Row> features = featurizer.transform(spark.read().format("binaryFile").load("pictures"));
 * }</pre>
 *
 * <p>Several outputs of the model come of one run: {@code fetch("early", "edges").fetch("late", "things")} in place of
 * {@code setOutputCol}. Features are vectors unless {@link #setOutputForm} says otherwise. What the model gives as maps,
 * {@code [height, width, channels]} for a picture, becomes vectors only with {@link #setPooling}.
 */
public final class ImageFeaturizer extends ImageTransformer<ImageFeaturizer> {

    private static final long serialVersionUID = 1;

    private static final int RANK_OF_MAPS = 4;

    private final MapParam fetches;
    private final ChoiceParam<OutputForm> outputForm;
    private final ChoiceParam<Pooling> pooling;

    /** Creates a stage without a program. */
    public ImageFeaturizer() {
        this(Identifiable.randomUID("imageFeaturizer"));
    }

    /**
     * Creates a stage without a program.
     *
     * @param uid what names the stage within a pipeline
     */
    public ImageFeaturizer(String uid) {
        super(uid);
        fetches = new MapParam(this, "fetches", "new columns by the outputs that they hold, in place of outputCol");
        outputForm = new ChoiceParam<>(this, "outputForm", "how features are given", OutputForm.class);
        pooling = new ChoiceParam<>(this, "pooling", "what becomes of feature maps", Pooling.class);
        setDefault(fetches, Map.of());
        setDefault(outputForm, ChoiceParam.nameOf(OutputForm.VECTOR));
        setDefault(pooling, ChoiceParam.nameOf(Pooling.NONE));
    }

    /** Returns what reads a stage that was saved. */
    public static MLReader<ImageFeaturizer> read() {
        return new StageReader<>(ImageFeaturizer.class, ImageFeaturizer::new);
    }

    /** Reads a stage that was saved. */
    public static ImageFeaturizer load(String path) {
        return read().load(path);
    }

    @Override
    ImageFeaturizer self() {
        return this;
    }

    /** Returns the param for columns by output. */
    public Param<Map<String, String>> fetches() {
        return fetches;
    }

    /** Sets which outputs become which columns: columns by output, in the order in which they are appended. */
    public ImageFeaturizer setFetches(Map<String, String> columnOfOutput) {
        return setting(fetches, MapParam.copyOf(columnOfOutput));
    }

    /** Gives an output as a column; for models of several outputs, in place of {@link #setOutputCol}. */
    public ImageFeaturizer fetch(String output, String column) {
        return setting(fetches, MapParam.with(getOrDefault(fetches), output, column));
    }

    /** Returns the param for the form of features. */
    public Param<String> outputForm() {
        return outputForm;
    }

    /** Sets how features are given: without it as vectors. */
    public ImageFeaturizer setOutputForm(OutputForm form) {
        return setting(outputForm, ChoiceParam.nameOf(form));
    }

    /** Returns the param for what becomes of feature maps. */
    public Param<String> pooling() {
        return pooling;
    }

    /** Sets what becomes of feature maps; outputs that are none stay as they are. */
    public ImageFeaturizer setPooling(Pooling value) {
        return setting(pooling, ChoiceParam.nameOf(value));
    }

    private Pooling poolingChoice() {
        return pooling.choice(getOrDefault(pooling));
    }

    private boolean isVector() {
        return outputForm.choice(getOrDefault(outputForm)) == OutputForm.VECTOR;
    }

    @Override
    List<String> newColumns(StageProblems problems) {
        Map<String, String> several = getOrDefault(fetches);
        Optional<String> one = valueOf(outputCol());
        if (one.isPresent() != several.isEmpty()) {
            problems.add(
                    one.isPresent()
                            ? "outputCol '%s': expected either it or fetches, found fetches %s too. Leave out setOutputCol(…) or fetch(…)"
                                    .formatted(one.get(), several)
                            : "outputCol: expected a new column, found none. Give it with setOutputCol(…)");
        }
        return one.map(List::of).orElseGet(() -> List.copyOf(several.values()));
    }

    @Override
    Optional<ModelHead> head(Program model, HiddenColumns hidden, StageProblems problems) {
        Map<String, String> columns = columns(model, problems);
        Map<String, String> fetched = new LinkedHashMap<>();
        Map<TensorSpec, Pooling> pooled = new LinkedHashMap<>();
        for (var fetch : columns.entrySet()) {
            Optional<TensorSpec> output = model.signature().output(fetch.getKey());
            if (output.isEmpty()) {
                problems.add(
                        "output '%s': expected one of the outputs %s, found none of that name. Mend fetch(\"%s\", \"%s\")"
                                .formatted(
                                        fetch.getKey(),
                                        model.signature().outputs().stream()
                                                .map(TensorSpec::name)
                                                .toList(),
                                        fetch.getKey(),
                                        fetch.getValue()));
                continue;
            }
            Pooling how = isMaps(output.get()) ? poolingChoice() : Pooling.NONE;
            if (how == Pooling.NONE) {
                checkForm(output.get(), problems);
            }
            pooled.put(output.get(), how);
            fetched.put(output.get().name(), fetch.getValue());
        }
        if (pooled.values().stream().allMatch(Pooling.NONE::equals)) {
            return Optional.of(new ModelHead(fetched, fetched, () -> model));
        }
        for (TensorSpec output : pooled.keySet()) {
            if (!PooledModel.canHave(output)) {
                problems.add(
                        "output '%s': expected a type that can stand beside outputs that are pooled, found %s. Fetch it with a stage of its own"
                                .formatted(output.name(), output.elementType()));
            }
        }
        return Optional.of(
                new ModelHead(List.of(fetched, poolingChoice()), fetched, () -> PooledModel.of(model, pooled)));
    }

    private Map<String, String> columns(Program model, StageProblems problems) {
        Map<String, String> several = getOrDefault(fetches);
        Optional<String> one = valueOf(outputCol());
        if (!several.isEmpty() || one.isEmpty()) {
            return several;
        }
        List<TensorSpec> outputs = model.signature().outputs();
        if (outputs.size() > 1) {
            problems.add(
                    "program '%s': expected one output, found %s. Choose with fetch(\"…\", \"%s\") in place of setOutputCol(…)"
                            .formatted(model.name(), outputs, one.get()));
            return Map.of();
        }
        return Map.of(outputs.get(0).name(), one.get());
    }

    private static boolean isMaps(TensorSpec output) {
        return output.elementType() == DataType.DT_FLOAT
                && !output.shape().isUnknown()
                && output.shape().numDimensions() == RANK_OF_MAPS;
    }

    private void checkForm(TensorSpec output, StageProblems problems) {
        boolean isOfNumbers = output.elementType() == DataType.DT_FLOAT || output.elementType() == DataType.DT_DOUBLE;
        boolean isFlat = !output.shape().isUnknown() && output.shape().numDimensions() == 2;
        if (isVector() && !(isOfNumbers && isFlat)) {
            problems.add("output '%s': expected DT_FLOAT or DT_DOUBLE[?, ?] for vectors, found %s. %s"
                    .formatted(
                            output.name(),
                            Shapes.describe(output.elementType(), output.shape()),
                            isMaps(output)
                                    ? "Make vectors of feature maps with setPooling(Pooling.AVERAGE), or take them as they are with setOutputForm(OutputForm.ARRAY)"
                                    : "Take it as it is with setOutputForm(OutputForm.ARRAY)"));
        }
    }

    @Override
    MapBlocks formed(MapBlocks operation, ModelHead head) {
        MapBlocks formed = operation;
        if (isVector()) {
            for (String column : head.fetches().values()) {
                formed = formed.asVector(column);
            }
        }
        return formed;
    }

    @Override
    Dataset<Row> finished(Dataset<Row> mapped, ModelHead head) {
        return mapped;
    }
}
