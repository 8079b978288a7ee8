package io.tensorbridge.arrow;

import java.io.Serializable;
import org.apache.spark.sql.types.DataType;

/**
 * A column that rows are grouped by.
 *
 * @param ordinal its place among the columns of the partition
 * @param type its type: any that Spark can order; what Spark takes for equal is to be the same already, such as 0.0 and
 *     -0.0, but for strings of a collation
 */
public record KeyColumn(int ordinal, DataType type) implements Serializable {}
