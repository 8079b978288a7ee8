/**
 * Programs as stages of Spark ML: transformers that go into pipelines, are tuned, saved and loaded there.
 *
 * <p>A stage holds what it was told, as params, and its program; a DataFrame goes in, one with new columns comes out, which
 * are computed when it is used. All that does not fit is said on the driver, in {@code transform} and {@code transformSchema}
 * alike, before any job. Needs spark-mllib on the class path, which nothing outside of this package does.
 */
@NullMarked
package io.tensorbridge.ml;

import org.jspecify.annotations.NullMarked;
