package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import java.util.Optional;

/** Runs a program over blocks of rows, and gives its outputs as new columns. Made by {@link TensorFrames#mapBlocks}. */
public final class MapBlocks extends MapOperation<MapBlocks> {

    private MapBlocks(Refinements refinements, MapResult result) {
        super(refinements, result);
    }

    static MapBlocks of(Program program) {
        return new MapBlocks(Refinements.of(program), MapResult.ALL_COLUMNS);
    }

    @Override
    MapBlocks refined(Refinements changed, MapResult newResult) {
        return new MapBlocks(changed, newResult);
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

    /**
     * Feeds two inputs with a column of arrays of any length, as TensorFlow's ragged tensors are made: with all values one
     * after the other, {@code [total, …]}, and with where each row's begin and end among them, {@code [rows + 1]} from 0.
     *
     * <p>Arrays inside of the arrays must be of one length. The values are not copied, nor are int32 row splits.
     *
     * @param values the input for the values
     * @param rowSplits the input for the row splits, int32 or int64
     * @param column the column
     */
    public MapBlocks feedRagged(String values, String rowSplits, String column) {
        return part(values, column, Feeding.Part.VALUES).part(rowSplits, column, Feeding.Part.ROW_SPLITS);
    }

    /** Feeds an input with how long the arrays of a column are: {@code [rows]}, int32 or int64. */
    public MapBlocks feedLengths(String input, String column) {
        return part(input, column, Feeding.Part.LENGTHS);
    }

    /**
     * Feeds an input with which values of a padded column are its own: {@code [rows, width]}, 1 or true there, 0 or false
     * where padding stands; see {@link #pad(String)}.
     */
    public MapBlocks feedMask(String input, String column) {
        return part(input, column, Feeding.Part.MASK);
    }

    private MapBlocks part(String input, String column, Feeding.Part part) {
        return refined(refinements().feed(input, column).feeding(feeding -> feeding.withPart(input, part)));
    }

    /**
     * Pads the arrays of a column with zeros, false or empty strings, to one length: that of the program's input, or that of
     * the block's longest where the input leaves it open. Arrays that are longer than the input are errors.
     */
    public MapBlocks pad(String column) {
        return refined(refinements().feeding(feeding -> feeding.withPadding(column, Optional.empty())));
    }

    /** Pads the arrays of a column with a number, a boolean or a string; see {@link #pad(String)}. */
    public MapBlocks pad(String column, Object value) {
        return refined(refinements().feeding(feeding -> feeding.withPadding(column, Optional.of(value))));
    }
}
