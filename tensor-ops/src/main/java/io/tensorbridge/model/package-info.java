/**
 * Where models come from: folders of files, and what is allowed of them.
 *
 * <p>Files are read on the driver, when a program is made of them, and not needed afterwards. Nothing here knows
 * TensorFlow's runtime, programs or Spark.
 */
@NullMarked
package io.tensorbridge.model;

import org.jspecify.annotations.NullMarked;
