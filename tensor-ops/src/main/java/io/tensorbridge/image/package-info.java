/**
 * Pictures as programs: what brings them into the form that a model takes, and what makes predictions of its scores.
 *
 * <p>The programs are graphs of TensorFlow's own operations, which join with a model's and run in its session. Nothing here
 * touches a picture itself, and nothing knows Spark.
 */
@NullMarked
package io.tensorbridge.image;

import org.jspecify.annotations.NullMarked;
