package io.tensorbridge.train.graph;

/**
 * The operations of a step's graph that are run for what they do.
 *
 * @param initialise gives variables and slots their first values
 * @param meet waits until all workers have come so far; once, before the first step
 * @param accumulate adds a micro-batch that does not end its step
 * @param apply ends a step
 * @param evaluate adds a batch to an evaluation
 * @param saving files
 * @param best the best weights
 */
public record Targets(
        String initialise, String meet, String accumulate, String apply, String evaluate, Saving saving, Best best) {

    /**
     * Saves and restores, in TensorFlow's second form of a checkpoint.
     *
     * @param save writes variables and slots
     * @param restore reads them
     * @param saveWeights writes the program's variables alone, under their names
     * @param restoreWeights reads them
     */
    public record Saving(String save, String restore, String saveWeights, String restoreWeights) {}

    /**
     * A second place for the program's variables.
     *
     * @param keep copies them there
     * @param take copies them back
     * @param save writes that place, under the variables' names
     * @param restore reads it
     */
    public record Best(String keep, String take, String save, String restore) {}
}
