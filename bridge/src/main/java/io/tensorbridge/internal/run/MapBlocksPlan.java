package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.BlockLimits;
import java.io.Serializable;
import java.util.List;

/**
 * What is the same for all tasks of a map operation: a value that travels.
 *
 * @param runs the programs, which all are fed from the same columns
 * @param fed these columns
 * @param limits how large a block may become
 * @param trimmed whether the result has the new columns alone
 */
record MapBlocksPlan(List<ProgramRun> runs, List<BlockColumn> fed, BlockLimits limits, boolean trimmed)
        implements Serializable {}
