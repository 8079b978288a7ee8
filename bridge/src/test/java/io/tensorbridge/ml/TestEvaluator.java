package io.tensorbridge.ml;

import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.sql.Dataset;

/** One that names no columns, and is the same for all trials. */
abstract class TestEvaluator extends Evaluator {

    private final String uid = Identifiable.randomUID("evaluator");

    /** Something to do that may be interrupted. */
    interface Step {
        void run() throws InterruptedException;
    }

    /** Returns one that does something, and gives the same metric always. */
    static TestEvaluator doing(Step step) {
        return new TestEvaluator() {
            @Override
            public double evaluate(Dataset<?> dataset) {
                try {
                    step.run();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return 1;
            }
        };
    }

    @Override
    public String uid() {
        return uid;
    }

    @Override
    public Evaluator copy(ParamMap extra) {
        return this;
    }
}
