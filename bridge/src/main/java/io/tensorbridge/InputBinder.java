package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.UserDefinedType;
import org.tensorflow.ndarray.Shape;

/** Binds one input to one column: type, rank and dimensions. */
final class InputBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final Columns columns;
    private final Mismatches mismatches;

    InputBinder(Refinements refinements, Contract contract, Columns columns, Mismatches mismatches) {
        this.refinements = refinements;
        this.contract = contract;
        this.columns = columns;
        this.mismatches = mismatches;
    }

    /** Returns the binding, or nothing if there are mismatches, which are noted. */
    Optional<BoundFeed> bind(TensorSpec input, Attribute column, NullPolicy onNull) {
        DataType type = column.dataType();
        Optional<ElementType> elements = SparkTypes.elementsOf(type, ElementType.of(input.elementType()));
        if (elements.isEmpty()) {
            return mismatch(
                    input,
                    "column '%s' of type %s has no tensor form%s"
                            .formatted(column.name(), type.catalogString(), castOf(input, column)));
        }
        if (!input.shape().isUnknown() && input.shape().numDimensions() == 0) {
            return mismatch(
                    input,
                    "expected a dimension of rows, found %s; a scalar cannot be fed with a column"
                            .formatted(contract.describe(input)));
        }
        if (!input.shape().isUnknown() && input.shape().get(0) >= 0) {
            return mismatch(
                    input,
                    "expected any number of rows, found %s, which takes %d only. Export the program with an unknown first dimension"
                            .formatted(contract.describe(input), input.shape().get(0)));
        }
        Optional<Shape> declared = declaredShape(column);
        int levels = BlockColumn.levels(type);
        boolean binary = type instanceof BinaryType;
        Shape found = declared.orElseGet(() -> unknownOf(levels));
        if (input.elementType() != elements.get().dataType()) {
            return mismatch(
                    input,
                    "expected %s, found column '%s' of %s%s"
                            .formatted(
                                    contract.describe(input),
                                    column.name(),
                                    contract.describe(elements.get().dataType(), found),
                                    castOf(input, column)));
        }
        if (binary && (declared.isEmpty() || declared.get().hasUnknownDimension())) {
            return mismatch(
                    input,
                    "the cell shape of column '%s' is unknown. Give it with shape(\"%s\", %s)"
                            .formatted(column.name(), column.name(), dimensionsOf(input)));
        }
        boolean flat = levels <= 1 && found.numDimensions() != levels;
        if (!flat && !binary && found.numDimensions() != levels) {
            return mismatch(
                    input,
                    "expected cells of shape %s, as declared, found column '%s' of type %s"
                            .formatted(Shapes.describe(found), column.name(), type.catalogString()));
        }
        if (!Shapes.accepts(input.cellShape(), found)) {
            return mismatch(
                    input,
                    "expected %s, found column '%s' of %s%s"
                            .formatted(
                                    contract.describe(input),
                                    column.name(),
                                    contract.describe(elements.get().dataType(), found),
                                    levels == 1 && isLengthOf(input.cellShape(), found)
                                            ? ". Give its cells that shape with shape(\"%s\", %s)"
                                                    .formatted(column.name(), dimensionsOf(input))
                                            : ""));
        }
        Shape cell = merged(input.cellShape(), found);
        if (flat && unknowns(cell) > 1) {
            return mismatch(
                    input,
                    "the cell shape of column '%s' is unknown: a flat array tells one dimension at most, found %s. Give it with shape(\"%s\", %s)"
                            .formatted(column.name(), Shapes.describe(cell), column.name(), dimensionsOf(input)));
        }
        Optional<List<Integer>> widths = widths(cell, levels, flat || binary);
        if (widths.isEmpty()) {
            return mismatch(
                    input,
                    "the cell shape %s of column '%s' has more than %d values"
                            .formatted(Shapes.describe(cell), column.name(), Integer.MAX_VALUE));
        }
        if (levels == 0 && flat && Shapes.elements(cell) != 1) {
            return mismatch(
                    input,
                    "expected cells of shape %s, as declared, found column '%s' of one value a row"
                            .formatted(Shapes.describe(cell), column.name()));
        }
        return checkNulls(input, column, onNull, widths.get())
                .map(policy -> new BoundFeed(
                        input.name(),
                        column.name(),
                        contract.describe(elements.get().dataType(), cell),
                        widths.get(),
                        LongStream.of(cell.asArray()).boxed().toList(),
                        policy));
    }

    private Optional<NullPolicy> checkNulls(
            TensorSpec input, Attribute column, NullPolicy onNull, List<Integer> widths) {
        try {
            return Optional.of(new BlockColumn(column.name(), 0, column.dataType(), widths, onNull).onNull());
        } catch (IllegalArgumentException e) {
            mismatch(input, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private Optional<Shape> declaredShape(Attribute column) {
        Optional<Shape> given = columns.lookUp(refinements.shapes(), column.name());
        return given.isPresent() ? given : CellShapes.read(column.metadata()).map(Shape::of);
    }

    private static Shape unknownOf(int levels) {
        long[] dimensions = new long[levels];
        Arrays.fill(dimensions, -1);
        return Shape.of(dimensions);
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
    private static Optional<List<Integer>> widths(Shape cell, int levels, boolean flat) {
        List<Integer> widths = new ArrayList<>();
        try {
            long values = Shapes.elements(cell);
            if (values > Integer.MAX_VALUE) {
                return Optional.empty();
            }
            if (flat) {
                return Optional.of(Collections.nCopies(levels, (int) values));
            }
            for (long dimension : cell.asArray()) {
                widths.add(Math.toIntExact(dimension));
            }
            return Optional.of(widths);
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }

    /** Returns how to turn a column of numbers into what the input wants, if a cast is all it takes. */
    private static String castOf(TensorSpec input, Attribute column) {
        DataType values = BlockColumn.elementType(column.dataType());
        Optional<ElementType> wanted = ElementType.of(input.elementType());
        boolean isCastable = values instanceof NumericType && !(column.dataType() instanceof UserDefinedType<?>);
        if (!isCastable || wanted.isEmpty() || wanted.get().isBinary()) {
            return "";
        }
        DataType type = SparkTypes.column(wanted.get(), BlockColumn.levels(column.dataType()));
        return ". Cast it: col(\"%s\").cast(\"%s\")".formatted(column.name(), type.catalogString());
    }

    /** Returns the dimensions that a user would write in {@code shape(…)}, as far as the program tells them. */
    private static String dimensionsOf(TensorSpec input) {
        if (input.shape().isUnknown() || input.cellShape().hasUnknownDimension()) {
            return "…";
        }
        String dimensions = Shapes.describe(input.cellShape());
        return dimensions.substring(1, dimensions.length() - 1);
    }

    private Optional<BoundFeed> mismatch(TensorSpec input, String what) {
        mismatches.addInput(input.name(), what);
        return Optional.empty();
    }
}
