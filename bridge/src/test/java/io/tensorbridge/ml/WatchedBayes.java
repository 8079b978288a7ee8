package io.tensorbridge.ml;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.classification.NaiveBayes;
import org.apache.spark.ml.classification.NaiveBayesModel;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/** Does something else with its rows before it is fitted for a certain time. */
public final class WatchedBayes extends Estimator<NaiveBayesModel> {

    private final NaiveBayes bayes = new NaiveBayes();
    private final AtomicInteger fits = new AtomicInteger();
    private final int at;
    private final Consumer<Dataset<?>> before;

    WatchedBayes(int at, Consumer<Dataset<?>> before) {
        this.at = at;
        this.before = before;
    }

    @Override
    public String uid() {
        return "watched";
    }

    @Override
    public NaiveBayesModel fit(Dataset<?> dataset) {
        if (fits.incrementAndGet() == at) {
            before.accept(dataset);
        }
        return bayes.fit(dataset);
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return bayes.transformSchema(schema);
    }

    /** The same, which counts on. */
    @Override
    public WatchedBayes copy(ParamMap extra) {
        return this;
    }
}
