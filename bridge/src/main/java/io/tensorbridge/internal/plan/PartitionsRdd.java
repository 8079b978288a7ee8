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
import org.jspecify.annotations.Nullable;
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

    private final PartitionTask<T> task;
    private final @Nullable Shared<StructType> schema; // of rows; null if there are batches
    private final transient Results results; // asked for on the driver

    private PartitionsRdd(RDD<S> parent, @Nullable Shared<StructType> schema, PartitionTask<T> task, Results results) {
        super(parent, ClassTag$.MODULE$.<T>apply(task.resultType())); // that of Object would be slower to read
        this.schema = schema;
        this.task = task;
        this.results = results;
    }

    static <T> RDD<T> ofRows(RDD<InternalRow> parent, StructType schema, PartitionTask<T> task, Results results) {
        return new PartitionsRdd<>(parent, Shared.of(schema), task, results);
    }

    static <T> RDD<T> ofBatches(RDD<ColumnarBatch> parent, PartitionTask<T> task, Results results) {
        return new PartitionsRdd<>(parent, /* schema= */ null, task, results);
    }

    @Override
    public Iterator<T> compute(Partition partition, TaskContext context) {
        return CollectionConverters.asScala(
                schema == null
                        ? task.overBatches(this.<ColumnarBatch>ofParent(partition, context))
                        : task.overRows(this.<InternalRow>ofParent(partition, context), schema.value()));
    }

    private <A> java.util.Iterator<A> ofParent(Partition partition, TaskContext context) {
        return CollectionConverters.asJava(
                this.<A>firstParent(PartitionsRdd.<A>anyTag()).iterator(partition, context));
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
