package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.arrow.vector.FieldVector;

/** Columns for the fetches of a program that are put together out of several results. */
final class GatheredColumns {

    private GatheredColumns() {}

    /**
     * Makes a column for each fetch; if one cannot be made, the others are closed.
     *
     * @param column makes the column of the fetch at an index
     * @return the columns, which the caller closes
     * @throws ProgramException if a column would have more values than Arrow's offsets can count
     */
    static List<FieldVector> of(Program program, List<Fetch> fetches, IntFunction<FieldVector> column) {
        List<FieldVector> columns = new ArrayList<>(fetches.size());
        try {
            for (int i = 0; i < fetches.size(); i++) {
                columns.add(column.apply(i));
            }
            return columns;
        } catch (ArithmeticException e) { // Arrow's offsets and counts are 32 bits wide
            columns.forEach(FieldVector::close);
            throw new ProgramException(
                    "Program '%s' failed".formatted(program.name()),
                    "output '%s' has more than 2147483647 values. Lower blockRows"
                            .formatted(fetches.get(columns.size()).output()),
                    e);
        } catch (RuntimeException | Error e) {
            columns.forEach(FieldVector::close);
            throw e;
        }
    }
}
