package io.tensorbridge;

import io.tensorbridge.tensor.Program;

/**
 * Runs a program on every row, and gives its outputs as new columns. Made by {@link TensorFrames#mapRows}.
 *
 * <p>Rows still go through TensorFlow a block at a time: the program becomes a function that one operation maps over the
 * rows of a block.
 */
public final class MapRows extends MapOperation<MapRows> {

    private MapRows(Refinements refinements, MapResult result) {
        super(refinements, result);
    }

    static MapRows of(Program program) {
        return new MapRows(Refinements.of(program), MapResult.ALL_COLUMNS);
    }

    @Override
    MapRows refined(Refinements changed, MapResult newResult) {
        return new MapRows(changed, newResult);
    }

    @Override
    Contract contract() {
        return Contract.ofRows(refinements().program());
    }
}
