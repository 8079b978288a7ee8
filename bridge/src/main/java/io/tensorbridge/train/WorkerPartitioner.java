package io.tensorbridge.train;

import org.apache.spark.Partitioner;

/** Sends slices to the workers that they are for. */
final class WorkerPartitioner extends Partitioner {

    private final int workers;

    WorkerPartitioner(int workers) {
        this.workers = workers;
    }

    @Override
    public int numPartitions() {
        return workers;
    }

    @Override
    public int getPartition(Object key) {
        return ((SliceKey) key).worker();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WorkerPartitioner that && workers == that.workers;
    }

    @Override
    public int hashCode() {
        return workers;
    }
}
