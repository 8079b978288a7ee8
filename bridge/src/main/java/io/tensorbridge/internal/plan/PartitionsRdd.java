package io.tensorbridge.internal.plan;

import io.tensorbridge.internal.run.PartitionTask;
import io.tensorbridge.internal.run.Shared;
import org.apache.spark.Partition;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.DeterministicLevel;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import scala.Enumeration;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * The partitions of a plan, each worked on by a task: what {@code mapPartitions} gives, without the functions around functions
 * that a task would have to read each time.
 *
 * @param <S> what a partition has: rows or columnar batches
 * @param <T> what comes out
 */
final class PartitionsRdd<S, T> extends RDD<T> {

    /** What comes out if a task is run again. */
    enum Results {
        SAME,
        /** Other numbers each time; then Spark runs all that depends on a lost partition again, and not some of it. */
        RANDOM
    }

    /** What is done with a partition: a value that travels. */
    private sealed interface Work<S, T> extends java.io.Serializable {
        java.util.Iterator<T> over(java.util.Iterator<S> partition);
    }

    private static final class OverRows<T> implements Work<InternalRow, T> {

        private static final long serialVersionUID = 1;

        private final PartitionTask<T> task;
        private final Shared<StructType> schema;

        OverRows(PartitionTask<T> task, StructType schema) {
            this.task = task;
            this.schema = Shared.of(schema);
        }

        @Override
        public java.util.Iterator<T> over(java.util.Iterator<InternalRow> rows) {
            return task.overRows(rows, schema.value());
        }
    }

    private static final class OverBatches<T> implements Work<ColumnarBatch, T> {

        private static final long serialVersionUID = 1;

        private final PartitionTask<T> task;

        OverBatches(PartitionTask<T> task) {
            this.task = task;
        }

        @Override
        public java.util.Iterator<T> over(java.util.Iterator<ColumnarBatch> batches) {
            return task.overBatches(batches);
        }
    }

    private final Work<S, T> work;
    private final transient Results results; // asked for on the driver

    private PartitionsRdd(RDD<S> parent, Work<S, T> work, Results results) {
        super(parent, PartitionsRdd.<T>anyTag());
        this.work = work;
        this.results = results;
    }

    static <T> RDD<T> ofRows(RDD<InternalRow> parent, StructType schema, PartitionTask<T> task, Results results) {
        return new PartitionsRdd<>(parent, new OverRows<>(task, schema), results);
    }

    static <T> RDD<T> ofBatches(RDD<ColumnarBatch> parent, PartitionTask<T> task, Results results) {
        return new PartitionsRdd<>(parent, new OverBatches<>(task), results);
    }

    @Override
    public Iterator<T> compute(Partition partition, TaskContext context) {
        Iterator<S> of = this.<S>firstParent(PartitionsRdd.<S>anyTag()).iterator(partition, context);
        return CollectionConverters.asScala(work.over(CollectionConverters.asJava(of)));
    }

    @Override
    public Enumeration.Value getOutputDeterministicLevel() {
        return results == Results.RANDOM ? DeterministicLevel.INDETERMINATE() : super.getOutputDeterministicLevel();
    }

    @Override
    public Partition[] getPartitions() {
        return this.<S>firstParent(PartitionsRdd.<S>anyTag()).partitions();
    }

    private static <A> ClassTag<A> anyTag() {
        return ClassTag$.MODULE$.apply(Object.class);
    }
}
