package io.tensorbridge;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A cell shape under discovery.
 *
 * <p>What is learnt takes the place of what was there, save where there was nothing to learn from, and where a flat column
 * has a declared shape, of which the lengths are only the product.
 */
final class LearntShape {

    private static final long UNKNOWN = -1;
    private static final long UNSEEN = -2;

    private final TensorForm form;
    private final long[] before;
    private final long[] seen;

    /** Begins with what the column's metadata told before. */
    LearntShape(TensorForm form, Optional<long[]> before) {
        this.form = form;
        this.before = before.orElseGet(form::unknownDimensions);
        this.seen = new long[form.levels()];
        Arrays.fill(seen, UNSEEN);
    }

    /** Notes the least and the greatest length at a level; null if no cell has any, -1 among them if one has several. */
    void see(int level, @Nullable Integer least, @Nullable Integer greatest) {
        if (least == null || greatest == null || (least == 0 && greatest == 0)) {
            return; // empty arrays alone say nothing of those to come
        }
        seen[level] = least.equals(greatest) ? least : UNKNOWN;
    }

    /** Returns the dimensions of a cell. */
    long[] dimensions() {
        if (before.length == seen.length) {
            long[] dimensions = seen.clone();
            for (int i = 0; i < dimensions.length; i++) {
                if (seen[i] == UNSEEN) {
                    dimensions[i] = before[i];
                }
            }
            return dimensions;
        }
        return form.isFlat()
                ? declared(seen[0])
                : Arrays.stream(seen).map(size -> Math.max(size, UNKNOWN)).toArray();
    }

    /** Returns the declared shape of a flat column, completed, if cells of so many values can have it. */
    private long[] declared(long values) {
        int unknownAt = -1;
        int unknowns = 0;
        long known = 1;
        for (int i = 0; i < before.length; i++) {
            if (before[i] == UNKNOWN) {
                unknowns++;
                unknownAt = i;
            } else {
                known *= before[i]; // should that overflow, it divides nothing
            }
        }
        if (values == UNSEEN || (values == UNKNOWN && unknowns > 0)) {
            return before;
        }
        boolean divides = unknowns == 0 ? known == values : known > 0 && values % known == 0;
        if (values == UNKNOWN || !divides) {
            return new long[] {values};
        }
        long[] completed = before.clone();
        if (unknowns == 1) {
            completed[unknownAt] = values / known;
        }
        return completed;
    }
}
