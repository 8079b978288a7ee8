/**
 * Training: one program, on all rows of a DataFrame, by several workers at once.
 *
 * <p>A {@link io.tensorbridge.train.Trainer} says how, its {@code fit} gives a {@link io.tensorbridge.train.TrainedProgram}.
 */
@NullMarked
package io.tensorbridge.train;

import org.jspecify.annotations.NullMarked;
