package io.tensorbridge.ml;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.tensorbridge.tensor.Program;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;

/** Runs a program over a column of arrays, and counts the rows for which it does. */
public final class CountingFeatures extends Transformer {

    private final String uid;
    private final LongAccumulator rows;
    private final Param<String> inputCol;
    private final Param<String> outputCol;
    private final Param<Program> program;

    CountingFeatures(String uid, LongAccumulator rows) {
        this.uid = uid;
        this.rows = rows;
        this.inputCol = new Param<>(this, "inputCol", "the column of arrays");
        this.outputCol = new Param<>(this, "outputCol", "the column of vectors");
        this.program = new Param<>(this, "program", "makes 'y' of 'x'");
        set(inputCol, "pixels");
        set(outputCol, "features");
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> inputCol() {
        return inputCol;
    }

    public Param<String> outputCol() {
        return outputCol;
    }

    public Param<Program> program() {
        return program;
    }

    CountingFeatures with(String input, String output, Program value) {
        set(inputCol, input);
        set(outputCol, output);
        set(program, value);
        return this;
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        LongAccumulator count = rows;
        UDF1<Object, Object> counting = value -> {
            count.add(1);
            return value;
        };
        var counted = udf(counting, DataTypes.createArrayType(DataTypes.FloatType, /* containsNull= */ false));
        String input = $(inputCol);
        return mapBlocks($(program))
                .feed("x", "counted")
                .fetch("y", $(outputCol))
                .asVector($(outputCol))
                .apply(dataset.withColumn("counted", counted.apply(col(input).cast("array<float>"))))
                .drop("counted");
    }

    @Override
    public StructType transformSchema(StructType schema) {
        schema.apply($(inputCol));
        return schema.add($(outputCol), SQLDataTypes.VectorType());
    }

    @Override
    public CountingFeatures copy(ParamMap extra) {
        return copyValues(new CountingFeatures(uid, rows), extra);
    }
}
