package io.tensorbridge;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.FeedForm;
import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.tensor.TensorValue;
import java.io.Serializable;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Binds an input to a column of lists of any length: to a part of what there is to know of them, or to the lists padded. */
final class ListBinder {

    private static final Set<DataType> COUNTS = EnumSet.of(DataType.DT_INT32, DataType.DT_INT64);
    private static final Set<DataType> MARKS =
            EnumSet.of(DataType.DT_BOOL, DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_INT32, DataType.DT_INT64);

    private final InputBinder binder;
    private final TensorSpec input;
    private final String column;
    private final TensorForm form;

    ListBinder(InputBinder binder, TensorForm form) {
        this.binder = binder;
        this.input = binder.input();
        this.column = binder.column().name();
        this.form = form;
    }

    Optional<BoundFeed> bind(Feeding.Part part) {
        if (!isList("Feed its cells with feed(\"%s\", \"%s\")".formatted(input.name(), column))) {
            return Optional.empty();
        }
        return switch (part) {
            case VALUES -> bindValues();
            case ROW_SPLITS -> bindCounts("row splits", new FeedForm.RowSplits());
            case LENGTHS -> bindCounts("lengths", new FeedForm.Lengths());
            case MASK -> bindMask();
        };
    }

    /** Binds the lists, made equally long. */
    Optional<BoundFeed> bindPadded(Optional<Object> value) {
        if (!isList("Leave out pad(\"%s\")".formatted(column)) || !binder.checkType(form, cells())) {
            return Optional.empty();
        }
        if (!fits(input.cellShape(), cells())) {
            return Optional.empty();
        }
        DataType padding = form.elements() == ElementType.FLOAT16 ? DataType.DT_FLOAT : input.elementType();
        if (value.isPresent() && TensorValue.scalar(padding, value.get()).isEmpty()) {
            return binder.mismatch("expected to pad %s with a value of %s, found %s. Mend pad(\"%s\", …)"
                    .formatted(binder.said(), padding, value.get(), column));
        }
        return bound(
                new FeedForm.Padded(width(), value.map(Serializable.class::cast).orElse(null)), cells());
    }

    private Optional<BoundFeed> bindValues() {
        Shape inner = cells().tail();
        if (!binder.checkType(form, inner) || !fits(input.cellShape(), inner)) {
            return Optional.empty();
        }
        return bound(new FeedForm.RaggedValues(), inner);
    }

    private Optional<BoundFeed> bindCounts(String what, FeedForm counts) {
        if (!COUNTS.contains(input.elementType()) || !Shapes.accepts(input.shape(), Shape.of(Shape.UNKNOWN_SIZE))) {
            return wrongInput(what, "DT_INT32[?] or DT_INT64[?]");
        }
        return bound(counts, Shape.scalar());
    }

    private Optional<BoundFeed> bindMask() {
        Shape any = Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE);
        if (!MARKS.contains(input.elementType()) || !Shapes.accepts(input.shape(), any)) {
            return wrongInput(
                    "mask", "DT_BOOL[?, ?], DT_FLOAT[?, ?], DT_DOUBLE[?, ?], DT_INT32[?, ?] or DT_INT64[?, ?]");
        }
        return bound(new FeedForm.Mask(width()), Shape.of(width()));
    }

    private Optional<BoundFeed> wrongInput(String what, String expected) {
        return binder.mismatch("expected %s for the %s of %s, found %s. Give the program such an input"
                .formatted(expected, what, binder.said(), binder.contract().describe(input)));
    }

    private Optional<BoundFeed> bound(FeedForm feedForm, Shape cell) {
        return binder.bound(
                feedForm,
                binder.contract().describe(input.elementType(), cell),
                BlockColumn.Layout.VARIABLE,
                List.of(),
                /* cell= */ null);
    }

    /** Returns the shape of cells as far as the type tells: as many unknown dimensions as there are levels. */
    private Shape cells() {
        long[] dimensions = new long[form.levels()];
        Arrays.fill(dimensions, Shape.UNKNOWN_SIZE);
        return Shape.of(dimensions);
    }

    /** Returns how long the program wants lists to be, or -1 if it does not say. */
    private int width() {
        Shape cell = input.cellShape();
        return cell.isUnknown() || cell.numDimensions() == 0 ? -1 : (int) Math.min(Integer.MAX_VALUE, cell.get(0));
    }

    private boolean fits(Shape expected, Shape found) {
        if (Shapes.accepts(expected, found)) {
            return true;
        }
        binder.mismatch("expected %s, found %s of %s. Feed a column of lists nested as deep"
                .formatted(
                        binder.contract().describe(input),
                        binder.contract().describe(form.elements().dataType(), found),
                        binder.said()));
        return false;
    }

    private boolean isList(String cure) {
        boolean list = form.kind() == TensorForm.Kind.ARRAY;
        if (!list) {
            binder.mismatch("expected a column of arrays, found %s of type %s. %s"
                    .formatted(binder.said(), TensorForm.nameOf(binder.column().dataType()), cure));
        }
        return list;
    }
}
