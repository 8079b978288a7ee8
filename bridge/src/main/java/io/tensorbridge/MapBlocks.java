package io.tensorbridge;

import io.tensorbridge.tensor.Program;

/** Runs a program over blocks of rows, and gives its outputs as new columns. Made by {@link TensorFrames#mapBlocks}. */
public final class MapBlocks extends MapOperation<MapBlocks> {

    private MapBlocks(Refinements refinements, boolean trimmed) {
        super(refinements, trimmed);
    }

    static MapBlocks of(Program program) {
        return new MapBlocks(Refinements.of(program), /* trimmed= */ false);
    }

    @Override
    MapBlocks refined(Refinements changed, boolean newTrimmed) {
        return new MapBlocks(changed, newTrimmed);
    }

    @Override
    Contract contract() {
        return Contract.ofBlocks(refinements().program());
    }

    /** Gives the new columns alone, without the input's; only then may the program change the number of rows. */
    @Override
    public MapBlocks trim() {
        return super.trim();
    }
}
