package io.tensorbridge.train.worker;

import io.tensorbridge.train.graph.TrainingProgram;
import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one worker is to do.
 *
 * @param program what is trained
 * @param settings how
 * @param rank which worker this is, from 0; the first one writes checkpoints and the result
 * @param addresses {@code host:port} of every worker, by rank; one alone needs none
 * @param rows this worker's rows
 * @param validation this worker's rows of the validation; of no rows if there is none anywhere
 * @param rowsOf how many rows each worker has, by rank
 * @param validationRowsOf how many rows of the validation each worker has, by rank
 * @param checkpoint the directory of the checkpoint to go on from; null to begin
 * @param output a directory for what this worker writes: checkpoints and the result, each in a directory of its own
 */
public record WorkerTask(
        TrainingProgram program,
        TrainingSettings settings,
        int rank,
        List<String> addresses,
        StoredRows rows,
        StoredRows validation,
        List<Long> rowsOf,
        List<Long> validationRowsOf,
        @Nullable String checkpoint,
        String output)
        implements Serializable {

    public int workers() {
        return rowsOf.size();
    }
}
