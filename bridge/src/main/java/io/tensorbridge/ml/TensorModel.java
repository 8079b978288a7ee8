package io.tensorbridge.ml;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import io.tensorbridge.Models;
import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TensorEstimator} has trained: a program as a stage, which gives its outputs as new columns, and how it came about.
 *
 * <p>Saved, it is its params and its history as JSON, and its program beside them.
 */
public final class TensorModel extends Model<TensorModel> implements MLWritable {

    private static final long serialVersionUID = 1;

    private static final String HISTORY = "history";
    private static final String HISTORY_SCHEMA = "historySchema";

    private final String uid;
    private final ProgramParam program;
    private final MapParam feeds;
    private final MapParam fetches;
    private final MapParam shapes;
    private final ChoiceParam<TensorTransformer.OnNull> onNull;
    private final DoubleParam fillValue;
    private final NamesParam vectors;
    private final CountParam blockRows;
    private final StructType historySchema;
    private final List<Row> history;

    TensorModel(String uid, Program trained, Dataset<Row> history) {
        this(uid, history.schema(), history.collectAsList());
        set(program, trained);
    }

    private TensorModel(String uid, StructType historySchema, List<Row> history) {
        this.uid = uid;
        this.historySchema = historySchema;
        this.history = history;
        program = new ProgramParam(this, "program", "the trained program");
        feeds = new MapParam(this, "feeds", "columns by the inputs that they feed; other inputs are fed by name");
        fetches = new MapParam(
                this, "fetches", "new columns by the outputs that they hold; none for all outputs by their names");
        shapes = new MapParam(this, "shapes", "shapes of cells by column, such as 28,28,1");
        onNull =
                new ChoiceParam<>(this, "onNull", "what becomes of nulls that are fed", TensorTransformer.OnNull.class);
        fillValue = new DoubleParam(this, "fillValue", "the number that the program sees for a null");
        vectors = new NamesParam(this, "vectors", "new columns that are given as vectors");
        blockRows = new CountParam(this, "blockRows", "rows that the program gets at once, at most");
        setDefault(feeds, Map.of());
        setDefault(fetches, Map.of());
        setDefault(shapes, Map.of());
        setDefault(onNull, ChoiceParam.nameOf(TensorTransformer.OnNull.FAIL));
        setDefault(fillValue, 0.0);
        setDefault(vectors, List.of());
    }

    /** Returns what reads a model that was saved. */
    public static MLReader<TensorModel> read() {
        return new Reader();
    }

    /** Reads a model that was saved. */
    public static TensorModel load(String path) {
        return read().load(path);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** Returns the param for the trained program. */
    public Param<Program> program() {
        return program;
    }

    /** Returns the trained program, for {@code mapBlocks} and SQL. */
    public Program getProgram() {
        return getOrDefault(program);
    }

    /** Returns the param for columns by input, as the estimator had it; of no effect for inputs of training alone. */
    public Param<Map<String, String>> feeds() {
        return feeds;
    }

    /** Returns the param for columns by output, as the estimator had it. */
    public Param<Map<String, String>> fetches() {
        return fetches;
    }

    /** Returns the param for shapes of cells, as the estimator had it. */
    public Param<Map<String, String>> shapes() {
        return shapes;
    }

    /** Returns the param for what becomes of nulls, as the estimator had it. */
    public Param<String> onNull() {
        return onNull;
    }

    /** Returns the param for the number in place of nulls, as the estimator had it. */
    public DoubleParam fillValue() {
        return fillValue;
    }

    /** Returns the param for the new columns that are given as vectors. */
    public Param<List<String>> vectors() {
        return vectors;
    }

    /** Gives a new column of arrays of floats or doubles as vectors; see {@link io.tensorbridge.MapBlocks#asVector}. */
    public TensorModel asVector(String column) {
        List<String> more = new ArrayList<>(getOrDefault(vectors));
        more.add(column);
        set(vectors, List.copyOf(more));
        return this;
    }

    /** Returns the param for the rows of a block. */
    public IntParam blockRows() {
        return blockRows;
    }

    /** Sets how many rows the program gets at once, at most; see {@link io.tensorbridge.MapBlocks#blockRows}. */
    public TensorModel setBlockRows(int rows) {
        set(blockRows, rows);
        return this;
    }

    /** Returns the epochs as a DataFrame; see {@link io.tensorbridge.train.TrainedProgram#history}. */
    public Dataset<Row> history(SparkSession spark) {
        return spark.createDataFrame(history, historySchema);
    }

    /**
     * Returns the DataFrame with the outputs as new columns, which are computed when it is used.
     *
     * @throws io.tensorbridge.tensor.SignatureMismatchException if the program does not fit it; the message holds every mismatch
     */
    @Override
    public Dataset<Row> transform(Dataset<?> df) {
        return transformer().transform(df);
    }

    /** Returns the schema that {@link #transform} gives; see {@link ProgramTransformer#transformSchema}. */
    @Override
    public StructType transformSchema(StructType schema) {
        return transformer().transformSchema(schema);
    }

    private TensorTransformer transformer() {
        var stage = new TensorTransformer(uid)
                .setProgram(getProgram())
                .setFetches(getOrDefault(fetches))
                .setFillValue((double) getOrDefault(fillValue))
                .setOnNull(onNull.choice(getOrDefault(onNull)));
        List<String> fed = new ArrayList<>();
        getProgram().signature().inputs().forEach(input -> {
            String column = getOrDefault(feeds).get(input.name());
            fed.add(column == null ? input.name() : column);
            if (column != null) {
                stage.feed(input.name(), column);
            }
        });
        List<String> given = new ArrayList<>(fed);
        given.addAll(getOrDefault(fetches).values());
        getOrDefault(shapes).forEach((column, shape) -> {
            if (given.contains(column)) {
                stage.shape(column, TensorTransformer.dimensions(column, shape));
            }
        });
        getOrDefault(vectors).forEach(stage::asVector);
        if (isDefined(blockRows)) {
            stage.setBlockRows((int) getOrDefault(blockRows));
        }
        return stage;
    }

    @Override
    public TensorModel copy(ParamMap extra) {
        return copyValues(new TensorModel(uid, historySchema, history), extra).setParent(parent());
    }

    /** Returns what writes the model. The directory has nothing of Java's serialisation. */
    @Override
    public MLWriter write() {
        return new Writer(this);
    }

    private String historyJson() {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (Row row : history) {
            List<@Nullable Object> values = new ArrayList<>();
            for (int i = 0; i < row.length(); i++) {
                values.add(row.isNullAt(i) ? null : row.get(i));
            }
            rows.add(values);
        }
        return ParamJson.encode(rows);
    }

    private static List<Row> historyOf(StructType schema, String json) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode row : ParamJson.decode(HISTORY, json, new TypeReference<List<JsonNode>>() {})) {
            @Nullable Object[] values = new Object[schema.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = valueOf(schema.fields()[i], row.path(i));
            }
            rows.add(RowFactory.create(values));
        }
        return rows;
    }

    private static @Nullable Object valueOf(StructField field, JsonNode value) {
        if (value.isNull() || value.isMissingNode()) {
            return null;
        }
        DataType type = field.dataType();
        if (type.equals(DataTypes.IntegerType)) {
            return value.intValue();
        }
        return type.equals(DataTypes.LongType)
                ? (Object) value.longValue()
                : (Object) Double.parseDouble(value.asText()); // a number, or text if it is not finite
    }

    private static final class Writer extends MLWriter {

        private final TensorModel model;

        Writer(TensorModel model) {
            this.model = model;
        }

        @Override
        public void saveImpl(String path) {
            StageMetadata.write(
                    model,
                    path,
                    sparkSession(),
                    Map.of(HISTORY, model.historyJson(), HISTORY_SCHEMA, model.historySchema.json()));
            Models.save(sparkSession(), model.getProgram(), new Path(path, StageWriter.PROGRAM).toString());
        }
    }

    private static final class Reader extends MLReader<TensorModel> {

        @Override
        public TensorModel load(String path) {
            StageMetadata metadata = StageMetadata.read(TensorModel.class, path, sparkSession());
            var schema = (StructType) DataType.fromJson(metadata.text(HISTORY_SCHEMA));
            var model = new TensorModel(metadata.uid(), schema, historyOf(schema, metadata.text(HISTORY)));
            metadata.setParams(model, model.program);
            model.set(model.program, StageReader.program(sparkSession(), path, metadata, model.program));
            return model;
        }
    }
}
