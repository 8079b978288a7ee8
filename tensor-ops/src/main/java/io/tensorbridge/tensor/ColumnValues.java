package io.tensorbridge.tensor;

import org.apache.arrow.memory.ArrowBuf;

/**
 * Where the values of a column lie, and the dimensions they have as one tensor; see {@link ColumnLayout}, which checks
 * everything that native code will rely on.
 *
 * @param buffer the buffer that holds the values
 * @param address the address of the first value
 * @param bytes the bytes of all values
 * @param dims the dimensions, rows first
 * @param text where the values of a string column, which are offsets, point to; one more of them follows, where the last
 *     string ends. Of no meaning for other columns
 */
@SuppressWarnings("ArrayRecordComponent") // the dimensions go to native code as they are; nobody compares these
record ColumnValues(ArrowBuf buffer, long address, long bytes, long[] dims, ArrowBuf text) {

    static final int MOST_DIMENSIONS = 254; // one more aborts the process

    /** Values that are no strings. */
    ColumnValues(ArrowBuf buffer, long address, long bytes, long[] dims) {
        this(buffer, address, bytes, dims, buffer);
    }

    /** Returns the same values with other dimensions. */
    ColumnValues withDims(long[] others) {
        return new ColumnValues(buffer, address, bytes, others, text);
    }
}
