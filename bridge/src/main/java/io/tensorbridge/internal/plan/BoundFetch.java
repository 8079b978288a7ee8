package io.tensorbridge.internal.plan;

import io.tensorbridge.tensor.ElementType;
import java.io.Serializable;

/**
 * An output and the column that it becomes.
 *
 * @param output the output's name
 * @param column the column's name
 * @param elementType the type of its values
 * @param cellRank the number of dimensions of a cell
 * @param typeName what the tensor is, for people: {@code DT_FLOAT[?, 3]}
 */
public record BoundFetch(String output, String column, ElementType elementType, int cellRank, String typeName)
        implements Serializable {}
