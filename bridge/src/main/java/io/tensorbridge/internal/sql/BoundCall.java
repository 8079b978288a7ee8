package io.tensorbridge.internal.sql;

import io.tensorbridge.internal.bind.BoundFeed;
import io.tensorbridge.internal.bind.BoundProgram;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A program bound to the types of a call's arguments.
 *
 * @param function the function's name
 * @param program the program; the names of its columns are those of the function's parameters
 * @param argumentOfFeed for each feed, which of the arguments feeds it
 * @param results what comes out, in the order of the fetches
 * @param deterministic whether the program gives the same for the same arguments
 */
public record BoundCall(
        String function,
        BoundProgram program,
        List<Integer> argumentOfFeed,
        List<StructField> results,
        boolean deterministic) {

    public BoundCall {
        argumentOfFeed = List.copyOf(argumentOfFeed);
        results = List.copyOf(results);
    }

    /** Returns the type of the call: that of the one result, or a struct of all. */
    DataType dataType() {
        return isStruct()
                ? new StructType(results.toArray(StructField[]::new))
                : results.get(0).dataType();
    }

    boolean isStruct() {
        return results.size() > 1;
    }

    /** Returns the program with the names of the columns that feed it, argument by argument. */
    BoundProgram over(List<String> columns) {
        List<BoundFeed> feeds = new ArrayList<>();
        for (int i = 0; i < argumentOfFeed.size(); i++) {
            feeds.add(program.feeds().get(i).withColumn(columns.get(argumentOfFeed.get(i))));
        }
        return program.withFeeds(feeds);
    }
}
