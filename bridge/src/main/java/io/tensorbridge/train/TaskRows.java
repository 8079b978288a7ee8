package io.tensorbridge.train;

import io.tensorbridge.train.worker.RowFiles;
import io.tensorbridge.train.worker.StoredRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import scala.Tuple2;

/** The rows of a worker, on its disk. */
record TaskRows(StoredRows training, StoredRows validation) {

    /** Writes slices into directories of their own, in a directory. */
    static TaskRows write(
            Iterator<Tuple2<SliceKey, Slice>> slices, List<Integer> cellBytes, Path directory, TaskContext context)
            throws IOException {
        try (RowFiles training = RowFiles.create(directory.resolve("training"), cellBytes);
                RowFiles validation = RowFiles.create(directory.resolve("validation"), cellBytes)) {
            while (slices.hasNext()) {
                context.killTaskIfInterrupted();
                Tuple2<SliceKey, Slice> next = slices.next();
                RowFiles to = next._1().kind() == SliceKey.Kind.TRAINING ? training : validation;
                to.append(next._2().buffers(), next._2().rows());
            }
            return new TaskRows(training.rows(), validation.rows());
        }
    }
}
