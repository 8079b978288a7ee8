package io.tensorbridge;

import io.tensorbridge.tensor.Program;

/**
 * Runs a program on every row, and gives its outputs as new columns. Made by {@link TensorFrames#mapRows}.
 *
 * <p>Rows still go through TensorFlow a block at a time: the program becomes a function that one operation maps over the
 * rows of a block.
 */
public final class MapRows extends MapOperation<MapRows> {

    private MapRows(Refinements refinements, boolean trimmed) {
        super(refinements, trimmed);
    }

    static MapRows of(Program program) {
        return new MapRows(Refinements.of(program), /* trimmed= */ false);
    }

    @Override
    MapRows refined(Refinements changed, boolean newTrimmed) {
        return new MapRows(changed, newTrimmed);
    }

    @Override
    Contract contract() {
        return Contract.ofRows(refinements().program());
    }
}
