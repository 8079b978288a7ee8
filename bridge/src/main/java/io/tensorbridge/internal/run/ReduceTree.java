package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.RowBatch;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.Tuple2;

/** Brings what partitions were reduced to together, in a tree: neighbours first, in their order. */
public final class ReduceTree {

    private static final int FAN_IN = 32;

    private ReduceTree() {}

    /**
     * Returns one partition of one row, which is null in all columns if there was nothing to reduce.
     *
     * @param partials what each partition was reduced to
     */
    public static JavaRDD<ColumnarBatch> toOneRow(JavaRDD<PartialRow> partials, ReduceTask task) {
        JavaRDD<PartialRow> left = partials;
        int partitions = left.getNumPartitions();
        while (partitions != 1) {
            int fewer = Math.max(1, (partitions + FAN_IN - 1) / FAN_IN);
            left = reduceNeighbours(left, fewer, task);
            partitions = fewer;
        }
        StructType schema = task.resultSchema();
        return left.mapPartitions(rows -> List.of(batch(rows, schema)).iterator());
    }

    private static JavaRDD<PartialRow> reduceNeighbours(JavaRDD<PartialRow> partials, int groups, ReduceTask task) {
        return partials.mapPartitionsWithIndex(ReduceTree::numbered, /* preservesPartitioning= */ true)
                .mapToPair(numbered -> numbered)
                .partitionBy(new Neighbours(groups))
                .mapPartitions(numbered -> task.overPartials(inOrder(numbered)));
    }

    private static Iterator<Tuple2<Integer, byte[]>> numbered(int partition, Iterator<PartialRow> rows) {
        List<Tuple2<Integer, byte[]>> numbered = new ArrayList<>();
        rows.forEachRemaining(row -> numbered.add(new Tuple2<>(partition, row.bytes())));
        return numbered.iterator();
    }

    private static Iterator<PartialRow> inOrder(Iterator<Tuple2<Integer, byte[]>> shuffled) {
        List<Tuple2<Integer, byte[]>> rows = new ArrayList<>();
        shuffled.forEachRemaining(rows::add);
        rows.sort((left, right) -> Integer.compare(left._1(), right._1()));
        return rows.stream().map(row -> new PartialRow(row._2())).iterator();
    }

    private static ColumnarBatch batch(Iterator<PartialRow> rows, StructType schema) {
        return RowBatch.of(
                rows.hasNext() ? rows.next().row(schema.length()) : PartialRow.nulls(schema.length()), schema);
    }

    /** Sends so many neighbouring partitions to one. */
    private static final class Neighbours extends Partitioner {

        private final int groups;

        Neighbours(int groups) {
            this.groups = groups;
        }

        @Override
        public int numPartitions() {
            return groups;
        }

        @Override
        public int getPartition(Object partition) {
            return (Integer) partition / FAN_IN;
        }
    }
}
