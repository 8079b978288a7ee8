package io.tensorbridge;

import org.apache.spark.sql.Column;

/** What a user has said to group by. */
sealed interface GroupingKey {

    /**
     * A column of the DataFrame.
     *
     * @param column its name, to the letter
     */
    record Named(String column) implements GroupingKey {}

    /**
     * An expression over the DataFrame.
     *
     * @param expression the expression
     */
    record Computed(Column expression) implements GroupingKey {}
}
