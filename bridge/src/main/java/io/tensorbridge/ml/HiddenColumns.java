package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Columns that stand in a DataFrame for a while, under names that are no other column's. */
final class HiddenColumns {

    private final Set<String> taken = new HashSet<>();
    private final List<String> hidden = new ArrayList<>();

    /**
     * Creates none yet.
     *
     * @param df the DataFrame
     * @param names of columns that will be there as well
     */
    HiddenColumns(Dataset<?> df, List<String> names) {
        for (String column : df.columns()) {
            taken.add(key(column));
        }
        names.forEach(name -> taken.add(key(name)));
    }

    /** Returns whether the session takes two names for the same. */
    static boolean isSame(Dataset<?> df, String one, String other) {
        boolean isCaseSensitive =
                Boolean.parseBoolean(df.sparkSession().conf().get("spark.sql.caseSensitive", "false"));
        return isCaseSensitive ? one.equals(other) : one.equalsIgnoreCase(other);
    }

    /** Returns a name as expressions of Spark take it to the letter. */
    static String quoted(String name) {
        return "`%s`".formatted(name.replace("`", "``"));
    }

    /** Returns a name that is free, this one or one like it. */
    String add(String name) {
        String free = name;
        while (!taken.add(key(free))) {
            free += "_";
        }
        hidden.add(free);
        return free;
    }

    /** Returns the DataFrame without the columns that were added. */
    Dataset<Row> drop(Dataset<Row> df) {
        return df.drop(hidden.toArray(String[]::new));
    }

    private static String key(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
