package io.tensorbridge;

import io.tensorbridge.tensor.Shapes;
import java.util.Optional;
import java.util.StringJoiner;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructField;

/** The columns of a DataFrame in words, each with the tensor that it is to a program. */
final class TensorSchema {

    private TensorSchema() {}

    static String of(Dataset<?> df) {
        var lines = new StringJoiner("\n");
        lines.add("root");
        for (StructField column : df.schema().fields()) {
            Optional<TensorForm> form = TensorForm.of(column.dataType());
            lines.add(" |-- %s: %s (nullable = %b) %s"
                    .formatted(
                            column.name(),
                            TensorForm.nameOf(column.dataType()),
                            column.nullable(),
                            form.map(known -> describe(known, column)).orElse("no tensor form")));
        }
        return lines.toString();
    }

    private static String describe(TensorForm form, StructField column) {
        return Shapes.describe(form.elements().dataType(), Shapes.blockOf(form.cellShape(column.metadata())));
    }
}
