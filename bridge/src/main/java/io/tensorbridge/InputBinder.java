package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.arrow.CellShapes;
import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;

/** Binds one input to one column. */
final class InputBinder {

    private final Refinements refinements;
    private final Contract contract;
    private final Columns columns;
    private final Mismatches mismatches;
    private final TensorSpec input;
    private final Attribute column;
    private final NullPolicy onNull;

    InputBinder(
            Refinements refinements,
            Contract contract,
            Columns columns,
            Mismatches mismatches,
            TensorSpec input,
            Attribute column,
            NullPolicy onNull) {
        this.refinements = refinements;
        this.contract = contract;
        this.columns = columns;
        this.mismatches = mismatches;
        this.input = input;
        this.column = column;
        this.onNull = onNull;
    }

    /** Returns the binding, or nothing if there are mismatches, which are noted. */
    Optional<BoundFeed> bind() {
        Optional<ElementType> wanted = ElementType.of(input.elementType());
        Optional<TensorForm> form = TensorForm.of(column.dataType(), wanted);
        if (form.isEmpty()) {
            return mismatch("expected %s, found %s of type %s, which no tensor can hold. %s"
                    .formatted(
                            contract.describe(input),
                            said(),
                            TensorForm.nameOf(column.dataType()),
                            columns.cureOfType(input, column)));
        }
        if (!input.shape().isUnknown() && input.shape().numDimensions() == 0) {
            return mismatch(
                    "expected a dimension of rows, found %s, which no column can feed. Feed it with a value: with(\"%s\", …), or run the program with mapRows"
                            .formatted(contract.describe(input), input.name()));
        }
        Feeding.@Nullable Part part = refinements.feeding().parts().get(input.name());
        if (part == null && !input.shape().isUnknown() && input.shape().get(0) >= 0) {
            return mismatch(
                    "expected any number of rows, found %s, which takes %d only. Export the program with an unknown first dimension, or run it with mapRows"
                            .formatted(contract.describe(input), input.shape().get(0)));
        }
        if (part != null) {
            return new ListBinder(this, form.get()).bind(part);
        }
        Optional<Optional<Object>> padding =
                columns.lookUp(refinements.feeding().paddings(), column.name());
        return padding.isPresent()
                ? new ListBinder(this, form.get()).bindPadded(padding.get())
                : new CellBinder(this, form.get()).bind();
    }

    TensorSpec input() {
        return input;
    }

    Attribute column() {
        return column;
    }

    /** Returns the column as messages speak of it. */
    String said() {
        return columns.describe(column.name());
    }

    Contract contract() {
        return contract;
    }

    /** Returns the cell shape that the operation or the column's metadata declares. */
    Optional<Shape> declaredShape() {
        Optional<Shape> given = columns.lookUp(refinements.shapes(), column.name());
        return given.isPresent() ? given : CellShapes.read(column.metadata()).map(Shape::of);
    }

    /** Returns whether the elements are of the type that the input takes; notes it if they are not. */
    boolean checkType(TensorForm form, Shape found) {
        boolean same = input.elementType() == form.elements().dataType();
        boolean loses = form.elements() == ElementType.FLOAT16
                && refinements.feeding().narrowed().stream()
                        .noneMatch(name -> columns.key(name).equals(columns.key(column.name())));
        if (same && loses) {
            mismatch("expected %s, found %s of %s. Let its values be rounded with narrow(\"%s\")"
                    .formatted(
                            contract.describe(input),
                            said(),
                            contract.describe(ElementType.FLOAT32.dataType(), found),
                            column.name()));
            return false;
        }
        if (!same) {
            mismatch("expected %s, found %s of %s. %s"
                    .formatted(
                            contract.describe(input),
                            said(),
                            contract.describe(form.elements().dataType(), found),
                            columns.cureOfType(input, column)));
        }
        return same;
    }

    /** Returns the binding, unless nulls are to be filled with what the column cannot hold. */
    Optional<BoundFeed> bound(
            FeedForm form, String typeName, BlockColumn.Layout layout, List<Integer> widths, @Nullable Shape cell) {
        var feed = new BoundFeed(
                input.name(),
                column.name(),
                form,
                typeName,
                layout,
                widths,
                cell == null ? null : LongStream.of(cell.asArray()).boxed().toList(),
                onNull);
        try {
            feed.blockColumn(/* ordinal= */ 0, column.dataType());
            return Optional.of(feed);
        } catch (IllegalArgumentException e) {
            return mismatch(String.valueOf(e.getMessage()));
        }
    }

    Optional<BoundFeed> mismatch(String what) {
        mismatches.addInput(input.name(), what);
        return Optional.empty();
    }
}
