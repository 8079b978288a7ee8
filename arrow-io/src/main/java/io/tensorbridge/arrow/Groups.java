package io.tensorbridge.arrow;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** The groups that rows belong to, numbered from 0 in the order in which they appear, and their keys. */
abstract sealed class Groups permits WordGroups, HashedGroups, SortedGroups {

    /** Returns the number of a row's group. */
    abstract int of(InternalRow row);

    /**
     * Finds the groups of a batch's rows.
     *
     * @param selection which rows of the batch count, or null if all do
     * @param from the first row, counted among those that do
     * @param count how many rows
     * @param into where to put the numbers
     * @param at the place of the first
     */
    abstract void of(ColumnarBatch batch, int @Nullable [] selection, int from, int count, int[] into, int at);

    /** Returns how many groups there are. */
    abstract int count();

    /** Returns the bytes that the groups take, about. */
    abstract long bytes();

    /** Returns the key of a group, valid until another is asked for. */
    abstract UnsafeRow key(int group);

    /** Forgets all groups. */
    abstract void clear();

    /** Begins a block: hashed groups all go on; of sorted ones the last alone may, and becomes number 0. */
    abstract void beginBlock();
}
