package io.tensorbridge;

import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.internal.plan.Projections;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;

/** The columns of a DataFrame, to be found by name and replaced; collects what does not fit. */
final class ShapedColumns {

    private final Dataset<?> df;
    private final Columns columns;
    private final Set<String> mismatches = new LinkedHashSet<>();

    /** Looks at a DataFrame's columns; see {@link Columns#of(Dataset, String)}. */
    ShapedColumns(Dataset<?> df, String action) {
        this.df = df;
        this.columns = Columns.of(df, action);
    }

    List<Attribute> attributes() {
        return columns.attributes();
    }

    /** Returns where the column of this name stands, or nothing, which is noted. */
    Optional<Integer> find(String name) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < attributes().size(); i++) {
            if (columns.key(attributes().get(i).name()).equals(columns.key(name))) {
                found.add(i);
            }
        }
        if (found.isEmpty()) {
            mismatches.add("column '%s': expected one of the columns %s, found none of that name. Mend the name"
                    .formatted(name, columns.names()));
        } else if (found.size() > 1) {
            mismatches.add(
                    "column '%s': expected one column, found %d. Rename all but one".formatted(name, found.size()));
        }
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    void mismatch(String what) {
        mismatches.add(what);
    }

    /** Throws what was noted, if anything was, below a line that says what cannot be done. */
    void throwIfAny(String cannot) {
        if (!mismatches.isEmpty()) {
            throw new SignatureMismatchException("%s:\n  - %s".formatted(cannot, String.join("\n  - ", mismatches)));
        }
    }

    /** Returns the DataFrame with cell shapes in the metadata of the columns that stand at these places. */
    Dataset<Row> with(Map<Integer, long[]> shapes) {
        Map<Integer, NamedExpression> shaped = new HashMap<>();
        shapes.forEach((at, shape) -> {
            Attribute column = attributes().get(at);
            shaped.put(at, Projections.named(column, column.name(), CellShapes.write(column.metadata(), shape)));
        });
        return replacing(shaped);
    }

    /** Returns the DataFrame with other columns in place of those that stand at these places. */
    Dataset<Row> replacing(Map<Integer, NamedExpression> columnAt) {
        List<NamedExpression> projected = new ArrayList<>();
        for (int i = 0; i < attributes().size(); i++) {
            projected.add(columnAt.getOrDefault(i, attributes().get(i)));
        }
        return Projections.project(df, projected);
    }
}
