package io.tensorbridge;

import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.internal.plan.Projections;
import io.tensorbridge.internal.run.NestedSizes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.OctetLength;
import org.apache.spark.sql.catalyst.expressions.Size;
import org.apache.spark.sql.catalyst.expressions.UnwrapUDT;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;

/** Learns cell shapes: the least and the greatest length at each level, of all columns in one aggregation. */
final class ShapeScan {

    private static final String CANNOT = "Cannot analyze this DataFrame";

    private final Dataset<?> df;
    private final ShapedColumns columns;
    private final List<Integer> scanned;

    private ShapeScan(Dataset<?> df, ShapedColumns columns, List<Integer> scanned) {
        this.df = df;
        this.columns = columns;
        this.scanned = scanned;
    }

    /** Returns the scan of every column that can have a cell shape. */
    static ShapeScan ofAll(Dataset<?> df) {
        ShapedColumns columns = columnsOf(df);
        List<Integer> scanned = new ArrayList<>();
        for (int i = 0; i < columns.attributes().size(); i++) {
            Attribute column = columns.attributes().get(i);
            if (TensorForm.of(column.dataType()).filter(ShapeScan::hasLengths).isPresent()) {
                columns.find(column.name()); // which notes that there are two
                scanned.add(i);
            }
        }
        columns.throwIfAny(CANNOT);
        return new ShapeScan(df, columns, scanned);
    }

    /** Returns the scan of some columns. */
    static ShapeScan of(Dataset<?> df, List<String> names) {
        ShapedColumns columns = columnsOf(df);
        var scanned = new TreeSet<Integer>();
        for (String name : names) {
            columns.find(name).ifPresent(at -> {
                check(columns, columns.attributes().get(at));
                scanned.add(at);
            });
        }
        columns.throwIfAny(CANNOT);
        return new ShapeScan(df, columns, List.copyOf(scanned));
    }

    private static void check(ShapedColumns columns, Attribute column) {
        Optional<TensorForm> form = TensorForm.of(column.dataType());
        String type = TensorForm.nameOf(column.dataType());
        if (form.isEmpty()) {
            columns.mismatch("column '%s' of type %s has no tensor form".formatted(column.name(), type));
        } else if (!hasLengths(form.get())) {
            columns.mismatch("column '%s': expected arrays, binaries, vectors or matrices, found %s"
                    .formatted(column.name(), type));
        }
    }

    private static ShapedColumns columnsOf(Dataset<?> df) {
        var columns = new ShapedColumns(df, "analyze a DataFrame");
        if (df.isStreaming()) {
            throw new UnsupportedOperationException(
                    CANNOT
                            + ": expected rows at rest, found a stream. Give cell shapes with withShape(df, \"…\", …), or to an operation with shape(\"…\", …)");
        }
        return columns;
    }

    private static boolean hasLengths(TensorForm form) {
        return form.levels() > 0;
    }

    /** Runs the pass, if there is anything to learn, and returns the DataFrame that carries what it found. */
    Dataset<Row> run() {
        if (scanned.isEmpty()) {
            return columns.with(Map.of());
        }
        List<NamedExpression> lengths = new ArrayList<>();
        for (int at : scanned) {
            for (Expression length : lengths(columns.attributes().get(at))) {
                lengths.add(Projections.named(length, "length" + lengths.size(), Metadata.empty()));
            }
        }
        List<Column> bounds = new ArrayList<>();
        for (NamedExpression length : lengths) {
            bounds.add(min(length.name()));
            bounds.add(max(length.name()));
        }
        Row found = Projections.project(df, lengths)
                .agg(bounds.get(0), bounds.subList(1, bounds.size()).toArray(Column[]::new))
                .first();
        Map<Integer, long[]> shapes = new HashMap<>();
        int next = 0;
        for (int at : scanned) {
            Attribute column = columns.attributes().get(at);
            TensorForm form = TensorForm.of(column.dataType()).orElseThrow();
            var learnt = new LearntShape(form, CellShapes.read(column.metadata()));
            for (int level = 0; level < form.levels(); level++) {
                learnt.see(level, found.<Integer>getAs(next), found.<Integer>getAs(next + 1));
                next += 2;
            }
            shapes.put(at, learnt.dimensions());
        }
        return columns.with(shapes);
    }

    /** Returns the length of a cell at each level; null where there is none, -1 where there are several. */
    private static List<Expression> lengths(Attribute column) {
        TensorForm form = TensorForm.of(column.dataType()).orElseThrow();
        return switch (form.kind()) {
            case SCALAR -> List.of();
            case BINARY -> List.of(new OctetLength(column));
            case VECTOR -> {
                var vector = new UnwrapUDT(column); // type, size if sparse, indices, values
                yield List.of(Projections.firstNotNull(
                        List.of(Projections.field(vector, 1), sizeOf(Projections.field(vector, 3)))));
            }
            case MATRIX -> {
                var matrix = new UnwrapUDT(column); // type, rows, columns, …
                yield List.of(Projections.field(matrix, 1), Projections.field(matrix, 2));
            }
            case ARRAY -> {
                List<Expression> lengths = new ArrayList<>();
                lengths.add(sizeOf(column));
                for (int level = 1; level < form.levels(); level++) {
                    lengths.add(Projections.call(
                            NestedSizes.class,
                            "sizeAt",
                            DataTypes.IntegerType,
                            List.of(column, new Literal(level, DataTypes.IntegerType))));
                }
                yield lengths;
            }
        };
    }

    private static Expression sizeOf(Expression array) {
        return new Size(array, /* legacySizeOfNull= */ false);
    }
}
