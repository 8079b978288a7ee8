package io.tensorbridge.arrow;

/** What is wrong with a cell of a column: the errors that name column, row and block. For use by one thread. */
final class CellErrors {

    private final String name;
    private long block;
    private int base;

    CellErrors(String name) {
        this.name = name;
    }

    /** Begins a new block, which errors name from here on. */
    void begin(long blockNumber) {
        block = blockNumber;
    }

    /** Counts the rows that errors are told of from this one of the block on. */
    void writeFrom(int row) {
        base = row;
    }

    private BlockException cannotFeed(String why) {
        return new BlockException("Cannot feed column '%s': %s".formatted(name, why));
    }

    BlockException nullCell(int row) {
        return cannotFeed("expected a value in row %d of block %d, found null. Fill or drop nulls with onNull(…)"
                .formatted(base + row, block));
    }

    BlockException nullElement(int position, int row) {
        return cannotFeed(
                "expected a value at position %d of row %d of block %d, found null. Fill or drop nulls with onNull(…)"
                        .formatted(position, base + row, block));
    }

    BlockException nullArray(int position, int row) {
        return cannotFeed(
                "expected an array at position %d of row %d of block %d, found null. Drop such rows with onNull(…)"
                        .formatted(position, base + row, block));
    }

    /** A null where arrays have any length: there is no telling how many values would fill it. */
    BlockException nullOfAnyLength(int row) {
        return cannotFeed(
                "expected an array in row %d of block %d, found null. Drop such rows with onNull(…), or give all cells one shape with shape(\"%s\", …)"
                        .formatted(base + row, block, name));
    }

    /** An array of another length than the others, or than the program takes. */
    BlockException wrongLength(int expected, int row, int found) {
        return cannotFeed(
                "expected %d values in row %d of block %d, found %d. Pad such arrays with pad(\"%s\"), or run a program over cells with mapRows"
                        .formatted(expected, base + row, block, found, name));
    }

    BlockException wrongBinary(int expected, int row, int found) {
        return cannotFeed(
                "expected %d values in row %d of block %d, found %d. Mend shape(\"%s\", …), or filter such rows"
                        .formatted(expected, base + row, block, found, name));
    }

    BlockException wrongVector(int expected, int row, int found) {
        return cannotFeed(
                "expected %d values in row %d of block %d, found %d. Feed vectors of one size, or filter such rows"
                        .formatted(expected, base + row, block, found));
    }

    BlockException wrongMatrix(int rows, int columns, int row, int foundRows, int foundColumns) {
        return cannotFeed(
                "expected a matrix of shape [%d, %d] in row %d of block %d, found [%d, %d]. Feed matrices of one shape, or filter such rows"
                        .formatted(rows, columns, base + row, block, foundRows, foundColumns));
    }

    BlockException corrupt(String kind, int row) {
        return cannotFeed(
                "expected a %s whose indices and values fit its size in row %d of block %d, found others. Make it anew, or filter such rows"
                        .formatted(kind, base + row, block));
    }

    BlockException emptyCell(int row) {
        return cannotFeed(
                "expected a cell that tells the shape of all in row %d of block %d, found an empty array of arrays. Give the shape with shape(\"%s\", …)"
                        .formatted(base + row, block, name));
    }

    BlockException unknownLength() {
        return cannotFeed(
                "expected a cell that tells the shape of all in block %d, found nulls alone. Give the shape with shape(\"%s\", …)"
                        .formatted(block, name));
    }

    BlockException tooManyValues(long most, int rows, long valuesOfRow) {
        return cannotFeed("expected at most %d values in block %d, found %d rows of %d. Lower blockRows"
                .formatted(most, block, rows, valuesOfRow));
    }

    BlockException tooLarge(long most, int row) {
        return cannotFeed(
                "expected at most %d values or bytes in row %d of block %d, found more. Split such cells, or filter them"
                        .formatted(most, base + row, block));
    }
}
