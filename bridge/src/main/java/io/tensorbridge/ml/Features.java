package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
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
    private final ParamTree behind = new ParamTree();
    private final ParamTree ahead = new ParamTree();
    private int users;
    private boolean isLeaf;
    private boolean isReadTwice;
    private boolean isCallers;
    private boolean isCached;
    private @Nullable List<Dataset<Row>> data;
    private double seconds;

    private Features(CachedData cache, @Nullable Features below, UnaryOperator<List<Dataset<Row>>> step) {
        this.cache = cache;
        this.below = below;
        this.step = step;
    }

    /** Returns the root of the tree, which is not cached again if the caller has cached the input. */
    static Features of(Dataset<?> input, CachedData cache) {
        var root = new Features(cache, null, nothing -> List.of(cache.owned(input)));
        root.isCallers = !input.storageLevel().equals(StorageLevel.NONE());
        return root;
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

    /** Says what stands in the params of what has run, and of what is to come: columns are left out by that. */
    void mentions(ParamTree before, ParamTree after) {
        behind.add(before);
        ahead.add(after);
    }

    /** Returns the rows, part by part; computes them if nobody has. */
    synchronized List<Dataset<Row>> data() {
        if (data != null) {
            return data;
        }
        List<Dataset<Row>> made = step.apply(below == null ? List.of() : below.data());
        isCached = !isCallers && (isLeaf || isReadTwice || users > 1);
        if (isCached) {
            made = made.stream().map(this::withoutRawColumns).map(cache::owned).toList();
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
        if (!ahead.isWhole()) {
            return df;
        }
        List<String> raw = new ArrayList<>();
        for (var field : df.schema().fields()) {
            boolean isBulky = field.dataType() instanceof BinaryType
                    || field.dataType() instanceof StructType
                    || field.dataType() instanceof ArrayType;
            boolean isUsed = behind.strings().stream().anyMatch(name -> HiddenColumns.isSame(df, name, field.name()));
            if (isBulky && isUsed && !ahead.mentions(field.name())) {
                raw.add(field.name());
            }
        }
        return raw.isEmpty() ? df : df.drop(raw.toArray(String[]::new));
    }
}
