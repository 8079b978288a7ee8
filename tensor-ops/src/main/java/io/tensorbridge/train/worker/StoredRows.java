package io.tensorbridge.train.worker;

import java.io.Serializable;
import java.util.List;

/**
 * Rows on the disk of a worker: a file for each input, with the cells one after the other.
 *
 * @param directory where the files are, {@code 0.rows}, {@code 1.rows}, … in the order of the inputs
 * @param rows how many rows there are
 * @param cellBytes how many bytes a cell of each input has
 */
public record StoredRows(String directory, long rows, List<Integer> cellBytes) implements Serializable {}
