package io.tensorbridge.internal.bind;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;

/**
 * A bound reduction and where it stands: the attributes of one DataFrame.
 *
 * @param step the program that makes fewer rows of a block; for each output there is one feed of the same type, in order
 * @param fed the attribute for each feed, in order
 * @param produced the new attribute for each fetch, in order
 * @param checked whether it is to be seen on the data that the program is a reduction
 */
public record BoundReduction(BoundProgram step, List<Attribute> fed, List<Attribute> produced, boolean checked) {

    public BoundReduction {
        fed = List.copyOf(fed);
        produced = List.copyOf(produced);
    }
}
