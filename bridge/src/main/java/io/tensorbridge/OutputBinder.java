package io.tensorbridge;

import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.types.Metadata;
import org.tensorflow.ndarray.Shape;
import scala.jdk.javaapi.CollectionConverters;

/** Binds outputs to new columns: type, rank, and a name that is free. */
final class OutputBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final boolean trimmed;
    private final Columns columns;
    private final Mismatches mismatches;
    private final Map<String, String> outputOfColumn = new HashMap<>();

    OutputBinder(Refinements refinements, Contract contract, boolean trimmed, Columns columns, Mismatches mismatches) {
        this.refinements = refinements;
        this.contract = contract;
        this.trimmed = trimmed;
        this.columns = columns;
        this.mismatches = mismatches;
    }

    /** Binds one output; returns the bytes it gives for a row, 0 if that is unknown. */
    long bind(String output, String column, List<BoundFetch> fetches, List<Attribute> produced) {
        checkName(output, column);
        Optional<TensorSpec> spec = contract.output(output);
        if (spec.isEmpty()) {
            return 0; // noted already
        }
        Optional<ElementType> type = ElementType.of(spec.get().elementType());
        if (type.isEmpty()) {
            mismatch(
                    output,
                    "expected a type that a column can hold, found %s. Cast it in the program, or fetch other outputs with fetch(\"…\")"
                            .formatted(contract.describe(spec.get())));
            return 0;
        }
        Optional<Shape> cell = cellShape(spec.get(), column);
        if (cell.isEmpty()) {
            return 0;
        }
        int rank = cell.get().numDimensions();
        Metadata metadata = rank == 0
                ? Metadata.empty()
                : CellShapes.write(Metadata.empty(), cell.get().asArray());
        fetches.add(new BoundFetch(
                output,
                column,
                type.get(),
                LongStream.of(cell.get().asArray()).boxed().toList(),
                Fetch.Rows.MANY,
                contract.describe(type.get().dataType(), cell.get())));
        produced.add(new AttributeReference(
                column,
                SparkTypes.column(type.get(), rank),
                /* nullable= */ false,
                metadata,
                NamedExpression.newExprId(),
                CollectionConverters.<String>asScala(List.<String>of()).toSeq()));
        return Math.max(0, Shapes.elements(cell.get())) * type.get().bytes();
    }

    private void checkName(String output, String column) {
        String before = outputOfColumn.putIfAbsent(columns.key(column), output);
        if (before != null) {
            mismatch(
                    output,
                    "expected a column of its own, found '%s' to be that of output '%s'. Rename it with fetch(\"%s\", \"…\")"
                            .formatted(column, before, output));
        } else if (!trimmed && !columns.named(column).isEmpty()) {
            mismatch(
                    output,
                    "expected a new column, found '%s' among those of the DataFrame. Rename it with fetch(\"%s\", \"…\")"
                            .formatted(columns.named(column).get(0).name(), output));
        }
    }

    /** Returns the shape of the new column's cells; notes a mismatch and returns nothing if there can be none. */
    private Optional<Shape> cellShape(TensorSpec spec, String column) {
        Optional<Shape> declared = columns.lookUp(refinements.shapes(), column);
        if (spec.shape().isUnknown()) {
            if (declared.isEmpty()) {
                mismatch(
                        spec.name(),
                        "expected a known number of dimensions, found %s of unknown rank. Give the shape of its cells with shape(\"%s\", …)"
                                .formatted(spec.elementType(), column));
            }
            return declared;
        }
        String found = contract.describe(spec);
        if (spec.shape().numDimensions() == 0) {
            mismatch(
                    spec.name(),
                    "expected a dimension of rows, found %s. Reduce rows with reduceBlocks, or run a program over cells with mapRows"
                            .formatted(found));
            return Optional.empty();
        }
        if (!trimmed && spec.shape().get(0) >= 0) {
            mismatch(
                    spec.name(),
                    "expected one row for each input row, found %s. Use trim() if the program changes the number of rows"
                            .formatted(found));
            return Optional.empty();
        }
        if (declared.isPresent() && !Shapes.accepts(spec.cellShape(), declared.get())) {
            mismatch(
                    spec.name(),
                    "expected cells of shape %s, as declared, found %s. Mend shape(\"%s\", …)"
                            .formatted(Shapes.describe(declared.get()), found, column));
            return Optional.empty();
        }
        return Optional.of(declared.orElseGet(spec::cellShape));
    }

    private void mismatch(String output, String what) {
        mismatches.addOutput(output, what);
    }
}
