package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.tensorflow.ndarray.Shape;

/** Binds an input to the cells of a column: type, rank and dimensions. */
final class CellBinder {

    private final InputBinder binder;
    private final TensorSpec input;
    private final String column;
    private final TensorForm form;

    CellBinder(InputBinder binder, TensorForm form) {
        this.binder = binder;
        this.input = binder.input();
        this.column = binder.column().name();
        this.form = form;
    }

    Optional<BoundFeed> bind() {
        Optional<Shape> declared = binder.declaredShape();
        Shape found = declared.orElseGet(() -> Shape.of(form.unknownDimensions()));
        if (!binder.checkType(form, found)) {
            return Optional.empty();
        }
        boolean binary = form.kind() == TensorForm.Kind.BINARY;
        if (binary && (declared.isEmpty() || declared.get().hasUnknownDimension())) {
            return binder.mismatch("expected %s, found %s of binaries of unknown shape. Give it with shape(\"%s\", %s)"
                    .formatted(binder.contract().describe(input), binder.said(), column, Cures.dimensionsOf(input)));
        }
        boolean flat = form.isFlat() && found.numDimensions() != form.levels();
        if (!flat && !binary && found.numDimensions() != form.levels()) {
            return binder.mismatch("expected cells of shape %s, as declared, found %s of type %s. Mend shape(\"%s\", …)"
                    .formatted(
                            Shapes.describe(found),
                            binder.said(),
                            TensorForm.nameOf(binder.column().dataType()),
                            column));
        }
        if (!Shapes.accepts(input.cellShape(), found)) {
            return binder.mismatch("expected %s, found %s of %s. %s"
                    .formatted(
                            binder.contract().describe(input),
                            binder.said(),
                            binder.contract().describe(form.elements().dataType(), found),
                            cureOfShape(found)));
        }
        Shape cell = merged(input.cellShape(), found);
        if (flat && unknowns(cell) > 1) {
            return binder.mismatch(
                    "expected one unknown dimension at most, which is all that a flat array tells, found %s with cells of %s. Give their shape with shape(\"%s\", %s)"
                            .formatted(binder.said(), Shapes.describe(cell), column, Cures.dimensionsOf(input)));
        }
        Optional<List<Integer>> widths = widths(cell, flat || binary);
        if (widths.isEmpty()) {
            return binder.mismatch(
                    "expected at most %d values in a cell, found %s with cells of %s. Mend shape(\"%s\", …)"
                            .formatted(Integer.MAX_VALUE, binder.said(), Shapes.describe(cell), column));
        }
        if (form.levels() == 0 && flat && Shapes.elements(cell) != 1) {
            return binder.mismatch(
                    "expected cells of shape %s, as declared, found %s of one value a row. Mend shape(\"%s\", …)"
                            .formatted(Shapes.describe(cell), binder.said(), column));
        }
        BlockColumn.Layout layout = layout(cell);
        return binder.bound(
                new FeedForm.Dense(),
                binder.contract().describe(form.elements().dataType(), cell),
                layout,
                layout == BlockColumn.Layout.UNIFORM ? widths.get() : List.of(),
                cell);
    }

    /** Rows that a program sees one by one may differ; so may strings, always. */
    private BlockColumn.Layout layout(Shape cell) {
        boolean differs = binder.contract().form() == Contract.Form.ROWS
                && form.kind() == TensorForm.Kind.ARRAY
                && cell.hasUnknownDimension();
        boolean string = form.elements() == ElementType.STRING && form.kind() == TensorForm.Kind.SCALAR;
        return differs || string ? BlockColumn.Layout.VARIABLE : BlockColumn.Layout.UNIFORM;
    }

    private String cureOfShape(Shape found) {
        if (form.levels() == 1 && isLengthOf(input.cellShape(), found)) {
            return "Give its cells that shape with shape(\"%s\", %s)".formatted(column, Cures.dimensionsOf(input));
        }
        int more = found.numDimensions() - input.cellShape().numDimensions();
        if (binder.contract().form() == Contract.Form.BLOCKS && more == 1) {
            return "Run a program over cells with mapRows, or feed a column of cells of that shape";
        }
        return "Feed a column whose cells have that shape";
    }

    /** Returns whether a flat cell, of which the length alone is known or not even that, may be of a shape. */
    private static boolean isLengthOf(Shape shape, Shape found) {
        if (found.numDimensions() != 1 || shape.numDimensions() <= 1) {
            return false;
        }
        long rest = found.get(0);
        for (long dimension : shape.asArray()) {
            if (rest >= 0 && dimension > 0) {
                if (rest % dimension != 0) {
                    return false;
                }
                rest /= dimension;
            }
        }
        return rest < 0 || rest == 1 || shape.hasUnknownDimension();
    }

    /** Returns what is known of either; they are of one rank, or the expected one's is unknown. */
    private static Shape merged(Shape expected, Shape found) {
        if (expected.isUnknown()) {
            return found;
        }
        long[] dimensions = found.asArray().clone();
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = Math.max(dimensions[i], expected.get(i));
        }
        return Shape.of(dimensions);
    }

    private static long unknowns(Shape shape) {
        return LongStream.of(shape.asArray()).filter(dimension -> dimension < 0).count();
    }

    /** Returns how long arrays are at each level; nothing if that is more than an array can be. */
    private Optional<List<Integer>> widths(Shape cell, boolean flat) {
        List<Integer> widths = new ArrayList<>();
        try {
            long values = Shapes.elements(cell);
            if (values > Integer.MAX_VALUE) {
                return Optional.empty();
            }
            if (flat) {
                return Optional.of(Collections.nCopies(form.levels(), (int) values));
            }
            for (long dimension : cell.asArray()) {
                widths.add(Math.toIntExact(dimension));
            }
            return Optional.of(widths);
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }
}
