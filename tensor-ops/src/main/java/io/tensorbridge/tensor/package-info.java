/**
 * Runs TensorFlow programs on blocks of Arrow data.
 *
 * <p>Columns of a block go in as tensors that alias them, and every tensor that a program fetches comes back as a column
 * that aliases it; whatever had to be copied is counted with its reason. Columns that go in stay the caller's, columns
 * that come out are the caller's to close. Nothing here knows Spark.
 */
@NullMarked
package io.tensorbridge.tensor;

import org.jspecify.annotations.NullMarked;
