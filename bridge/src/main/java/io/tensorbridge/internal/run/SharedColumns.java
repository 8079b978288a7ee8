package io.tensorbridge.internal.run;

import io.tensorbridge.arrow.BlockColumn;
import io.tensorbridge.internal.bind.BoundFeed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/**
 * The columns that several programs are fed from. One that feeds two programs is there once, unless they want it in two
 * forms.
 *
 * @param all the columns, as a block has them
 * @param ofPrograms the feeds of each program, and its own columns
 * @param places where the columns of each program stand among all
 */
public record SharedColumns(List<BlockColumn> all, List<FedColumns> ofPrograms, List<List<Integer>> places) {

    /**
     * Finds the columns.
     *
     * @param feeds the inputs, by program
     * @param fed the attribute for each feed, program by program
     * @param partition the attributes of what the task reads, in order
     */
    public static SharedColumns of(List<List<BoundFeed>> feeds, List<Attribute> fed, List<Attribute> partition) {
        List<BlockColumn> all = new ArrayList<>();
        List<FedColumns> ofPrograms = new ArrayList<>();
        List<List<Integer>> places = new ArrayList<>();
        int at = 0;
        for (List<BoundFeed> feedsOfOne : feeds) {
            FedColumns own = FedColumns.of(feedsOfOne, fed.subList(at, at + feedsOfOne.size()), partition);
            at += feedsOfOne.size();
            ofPrograms.add(own);
            List<Integer> placesOfOne = new ArrayList<>();
            own.columns().forEach(column -> placesOfOne.add(placeOf(column, all)));
            places.add(List.copyOf(placesOfOne));
        }
        return new SharedColumns(List.copyOf(all), List.copyOf(ofPrograms), List.copyOf(places));
    }

    /** Returns where a column stands among others, which it joins unless it is there. */
    private static int placeOf(BlockColumn column, List<BlockColumn> all) {
        for (int i = 0; i < all.size(); i++) {
            Optional<BlockColumn> both = both(all.get(i), column);
            if (both.isPresent()) {
                all.set(i, both.get());
                return i;
            }
        }
        all.add(column);
        return all.size() - 1;
    }

    /** Returns the column that is both of two, each of which may know a part of how long its arrays are. */
    private static Optional<BlockColumn> both(BlockColumn first, BlockColumn second) {
        if (first.ordinal() != second.ordinal()
                || first.layout() != second.layout()
                || !first.onNull().equals(second.onNull())) {
            return Optional.empty();
        }
        List<Integer> widths = new ArrayList<>(first.widths());
        for (int level = 0; level < widths.size(); level++) {
            int known = first.widths().get(level);
            int other = second.widths().get(level);
            if (known >= 0 && other >= 0 && known != other) {
                return Optional.empty();
            }
            widths.set(level, Math.max(known, other));
        }
        return Optional.of(
                new BlockColumn(first.name(), first.ordinal(), first.type(), first.layout(), widths, first.onNull()));
    }
}
