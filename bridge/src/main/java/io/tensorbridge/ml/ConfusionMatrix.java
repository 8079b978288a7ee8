package io.tensorbridge.ml;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How often a model has given which prediction for which label.
 *
 * @param cells those that are not 0, by label and then by prediction
 */
public record ConfusionMatrix(List<Cell> cells) {

    /** Takes the cells, with a copy of the list. */
    public ConfusionMatrix {
        cells = List.copyOf(cells);
    }

    /**
     * How many rows have one label and one prediction.
     *
     * @param label what is true of them
     * @param prediction what the model says
     * @param rows how many there are
     */
    public record Cell(long label, long prediction, long rows) {}

    /** Returns the labels that rows have, and those that were predicted, in order. */
    public SortedSet<Long> labels() {
        SortedSet<Long> labels = new TreeSet<>();
        for (Cell cell : cells) {
            labels.add(cell.label());
            labels.add(cell.prediction());
        }
        return labels;
    }

    /** Returns how many rows of a label have a prediction. */
    public long rows(long label, long prediction) {
        return cells.stream()
                .filter(cell -> cell.label() == label && cell.prediction() == prediction)
                .mapToLong(Cell::rows)
                .sum();
    }

    /** Returns the cells as a DataFrame: {@code label}, {@code prediction}, {@code rows}. */
    public Dataset<Row> toDataFrame(SparkSession spark) {
        StructType schema = new StructType()
                .add("label", DataTypes.LongType, false)
                .add("prediction", DataTypes.LongType, false)
                .add("rows", DataTypes.LongType, false);
        return spark.createDataFrame(
                cells.stream()
                        .map(cell -> RowFactory.create(cell.label(), cell.prediction(), cell.rows()))
                        .toList(),
                schema);
    }
}
