package io.tensorbridge.internal.run;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * A program and how a task runs it: a value that travels.
 *
 * @param program the program
 * @param spec how it runs, on columns of its own
 * @param columns where these stand among the columns of a block
 */
public record ProgramRun(ShippedProgram program, RunnerSpec spec, List<Integer> columns) implements Serializable {

    /** Returns the program's columns of those that a block has for all programs. */
    List<FieldVector> columnsOf(VectorSchemaRoot fed) {
        List<FieldVector> own = new ArrayList<>(columns.size());
        for (int column : columns) {
            own.add(fed.getVector(column));
        }
        return own;
    }
}
