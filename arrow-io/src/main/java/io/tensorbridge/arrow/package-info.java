/**
 * Turns partitions of Spark data into blocks of Arrow memory, and Arrow results into Spark's columns.
 *
 * <p>Rows or columnar batches come in, and go out as blocks: the columns that a program is fed with as Arrow vectors, all
 * others beside them as they are. Memory comes from an allocator that the caller hands in; a block belongs to the source
 * that made it and is valid until the next. Nothing here knows a tensor.
 */
@NullMarked
package io.tensorbridge.arrow;

import org.jspecify.annotations.NullMarked;
