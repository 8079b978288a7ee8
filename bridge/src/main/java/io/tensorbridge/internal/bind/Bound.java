package io.tensorbridge.internal.bind;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/**
 * A bound program and where it stands: the attributes of one DataFrame.
 *
 * @param program the program with its bindings
 * @param fed the attribute for each feed, in order
 * @param produced the new attribute for each fetch, in order
 */
public record Bound(BoundProgram program, List<Attribute> fed, List<Attribute> produced) {

    public Bound {
        fed = List.copyOf(fed);
        produced = List.copyOf(produced);
    }
}
