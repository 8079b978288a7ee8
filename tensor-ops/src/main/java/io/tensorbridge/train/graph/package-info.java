/**
 * Programs that train: the graph of a loss over variables, and what a worker adds to it to take a step.
 *
 * <p>A {@link io.tensorbridge.train.graph.TrainingProgram} is what is trained, an
 * {@link io.tensorbridge.train.graph.UpdateRule} how its variables follow the gradients. Both are values, and nothing here runs
 * anything.
 */
@NullMarked
package io.tensorbridge.train.graph;

import org.jspecify.annotations.NullMarked;
