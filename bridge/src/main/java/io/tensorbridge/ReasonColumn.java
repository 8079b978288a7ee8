package io.tensorbridge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import scala.jdk.javaapi.CollectionConverters;

/** The new column that says why rows failed, where they may fail on their own. */
final class ReasonColumn {

    private ReasonColumn() {}

    /** Returns what a user has said, with nulls that are errors kept for the rows to fail if these may. */
    static Refinements keepingNulls(Refinements refinements, MapResult result) {
        return result.reasons().isPresent() ? refinements.keepingNulls() : refinements;
    }

    /**
     * Notes a name that is not free.
     *
     * @param made the other new columns, by output
     */
    static void check(MapResult result, Map<String, String> made, Columns columns, Mismatches mismatches) {
        result.reasons().ifPresent(name -> {
            made.forEach((output, column) -> {
                if (columns.key(column).equals(columns.key(name))) {
                    mismatches.add(
                            "reasons(\"%s\"): expected a column of its own, found '%s' to be that of output '%s'. Give it another name"
                                    .formatted(name, column, output));
                }
            });
            if (!result.trimmed() && !columns.named(name).isEmpty()) {
                mismatches.add(
                        "reasons(\"%s\"): expected a new column, found '%s' among those of the DataFrame. Give it another name"
                                .formatted(name, columns.named(name).get(0).name()));
            }
        });
    }

    /** Returns the new columns and that of the reasons, if there is one: all may have nulls then. */
    static List<Attribute> beside(List<Attribute> produced, MapResult result) {
        if (result.reasons().isEmpty()) {
            return produced;
        }
        List<Attribute> all = new ArrayList<>();
        produced.forEach(column -> all.add(column.withNullability(/* newNullability= */ true)));
        all.add(new AttributeReference(
                result.reasons().get(),
                DataTypes.StringType,
                /* nullable= */ true,
                Metadata.empty(),
                NamedExpression.newExprId(),
                CollectionConverters.<String>asScala(List.<String>of()).toSeq()));
        return all;
    }
}
