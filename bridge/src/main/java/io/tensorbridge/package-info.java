/**
 * Runs TensorFlow programs over Spark DataFrames.
 *
 * <p>{@link io.tensorbridge.TensorFrames} is the door. A program and a DataFrame go in, a DataFrame comes out; everything
 * that does not fit is said when an operation is applied, on the driver, before any job. On the driver nothing is native
 * and nothing needs a close; executors own their memory and give it back when a task ends.
 */
@NullMarked
package io.tensorbridge;

import org.jspecify.annotations.NullMarked;
