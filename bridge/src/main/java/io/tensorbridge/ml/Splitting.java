package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.mllib.util.MLUtils;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;
import scala.reflect.ClassTag;

/** How rows are divided into those to fit and those to judge by, in the way of Spark's own validators. */
sealed interface Splitting {

    /** Rows to fit a trial to, and others to judge it by. */
    record Fold(Dataset<Row> training, Dataset<Row> validation) {}

    int folds();

    /** Returns the parts of the input for which features are computed each on its own. */
    List<Dataset<Row>> parts(Dataset<Row> input);

    /** Returns the folds of what the transformers have made of the parts. */
    List<Fold> folds(List<Dataset<Row>> features);

    /** Returns the column that says to which fold a row belongs, or an empty string. */
    default String foldColumn() {
        return "";
    }

    /**
     * Folds, each of which is once there to judge by. A row's fold depends on where it stands in its partition, so they are
     * the same for all trials as long as transformers keep rows in place.
     */
    record KFold(int folds, long seed, @Override String foldColumn) implements Splitting {

        @Override
        public List<Dataset<Row>> parts(Dataset<Row> input) {
            return List.of(input);
        }

        @Override
        public List<Fold> folds(List<Dataset<Row>> features) {
            Dataset<Row> all = features.get(0);
            StructType schema = all.schema();
            Tuple2<RDD<Row>, RDD<Row>>[] splits;
            if (foldColumn.isEmpty()) {
                splits = MLUtils.kFold(all.rdd(), folds, seed, ClassTag.apply(Row.class));
            } else {
                splits = MLUtils.kFold(all, folds, foldColumn);
                var others = new StructType();
                for (var field : schema.fields()) {
                    others = field.name().equals(foldColumn) ? others : others.add(field);
                }
                schema = others;
            }
            List<Fold> result = new ArrayList<>();
            for (Tuple2<RDD<Row>, RDD<Row>> split : splits) {
                result.add(new Fold(
                        all.sparkSession().createDataFrame(split._1(), schema),
                        all.sparkSession().createDataFrame(split._2(), schema)));
            }
            return result;
        }
    }

    /**
     * One division at random. It depends on all values of a row, so it is made of the input, and the transformers run on both
     * parts: that is the same for all trials, whatever these have as features.
     */
    record OneSplit(double trainRatio, long seed) implements Splitting {

        @Override
        public int folds() {
            return 1;
        }

        @Override
        public List<Dataset<Row>> parts(Dataset<Row> input) {
            return List.of(input.randomSplit(new double[] {trainRatio, 1 - trainRatio}, seed));
        }

        @Override
        public List<Fold> folds(List<Dataset<Row>> features) {
            return List.of(new Fold(features.get(0), features.get(1)));
        }
    }
}
