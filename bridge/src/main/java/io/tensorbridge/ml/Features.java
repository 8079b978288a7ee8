package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * What the first transformers of some trials make of the input: a node of a tree, whose branches part where trials differ.
 *
 * <p>A node that is read more than once is cached when it is first asked for, by one thread while others wait, and let go of
 * when all have had it. The tree is built by one thread; then several may ask.
 */
final class Features {

    private final CachedData cache;
    private final @Nullable Features below;
    private final UnaryOperator<List<Dataset<Row>>> step;
    private final Map<Object, Features> above = new HashMap<>();
    private final Set<String> behind = new HashSet<>();
    private final Set<String> ahead = new HashSet<>();
    private int users;
    private boolean isLeaf;
    private boolean isReadTwice;
    private boolean isCached;
    private @Nullable List<Dataset<Row>> data;
    private double seconds;

    private Features(CachedData cache, @Nullable Features below, UnaryOperator<List<Dataset<Row>>> step) {
        this.cache = cache;
        this.below = below;
        this.step = step;
    }

    /** Returns the root of the tree. */
    static Features of(Dataset<?> input, CachedData cache) {
        // a plan of its own, which asks for what is cached only after it was
        return new Features(cache, null, nothing -> List.of(input.select("*")));
    }

    /** Returns the node above this that is made by a step, for all who name it with the same key. */
    Features then(Object key, UnaryOperator<List<Dataset<Row>>> next) {
        return above.computeIfAbsent(key, none -> {
            users++;
            return new Features(cache, this, next);
        });
    }

    /** Says that trials read this. */
    Features asLeaf() {
        if (!isLeaf) {
            isLeaf = true;
            users++;
        }
        return this;
    }

    /** Says that this is read twice by the one node above. */
    Features readTwice() {
        isReadTwice = true;
        return this;
    }

    /** Says which strings stand in the params of what has run, and of what is to come: columns are left out by them. */
    void mentions(Set<String> before, Set<String> after) {
        behind.addAll(before);
        ahead.addAll(after);
    }

    /** Returns the rows, part by part; computes them if nobody has. */
    synchronized List<Dataset<Row>> data() {
        if (data != null) {
            return data;
        }
        List<Dataset<Row>> made = step.apply(below == null ? List.of() : below.data());
        isCached = isLeaf || isReadTwice || users > 1;
        if (isCached) {
            made = made.stream().map(this::withoutRawColumns).toList();
            long start = System.nanoTime();
            made.forEach(cache::compute);
            seconds = (System.nanoTime() - start) / 1e9;
            if (below != null) {
                below.release();
            }
        }
        data = made;
        return made;
    }

    /** Returns how long it took to compute this, with what it was made of. */
    synchronized double seconds() {
        return seconds + (below == null ? 0 : below.seconds());
    }

    /** Says that one of those who were to have this has had it. */
    synchronized void release() {
        users--;
        if (users > 0) {
            return;
        }
        if (isCached) {
            data().forEach(cache::release);
        } else if (below != null) {
            below.release();
        }
    }

    private Dataset<Row> withoutRawColumns(Dataset<Row> df) {
        List<Column> kept = new ArrayList<>();
        for (var field : df.schema().fields()) {
            boolean isRaw = field.dataType() instanceof BinaryType
                    || field.dataType() instanceof StructType
                    || field.dataType() instanceof ArrayType;
            if (!isRaw || !behind.contains(field.name()) || ahead.stream().anyMatch(s -> s.contains(field.name()))) {
                kept.add(functions.col("`" + field.name().replace("`", "``") + "`"));
            }
        }
        return kept.size() == df.columns().length ? df : df.select(kept.toArray(Column[]::new));
    }
}
