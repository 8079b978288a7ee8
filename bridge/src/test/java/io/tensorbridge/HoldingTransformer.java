package io.tensorbridge;

import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** A stage of a user's own, which holds another and shows it in no param. */
public final class HoldingTransformer extends Transformer {

    private final Transformer held;

    /** Creates one. */
    public HoldingTransformer(Transformer held) {
        this.held = held;
    }

    @Override
    public String uid() {
        return "holding";
    }

    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        return held.transform(dataset);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return held.transformSchema(schema);
    }

    @Override
    public HoldingTransformer copy(ParamMap extra) {
        return this;
    }
}
