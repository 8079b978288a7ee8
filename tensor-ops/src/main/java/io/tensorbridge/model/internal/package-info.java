/**
 * The files of a model on their way from a folder to TensorFlow; public for the sake of other packages, not of users.
 *
 * <p>What goes wrong is said by an {@link java.io.IOException} with a whole sentence. Nothing here knows programs or Spark.
 */
@NullMarked
package io.tensorbridge.model.internal;

import org.jspecify.annotations.NullMarked;
