package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Feed;
import io.tensorbridge.tensor.Fetch;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramSession;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TransferLedger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.types.Types;
import org.apache.arrow.vector.types.pojo.FieldType;

/** Runs programs on a column of vectors of float32, and returns all that their outputs give, of float32 too. */
final class RowsRun {

    private RowsRun() {}

    static Map<String, float[]> run(Program program, String input, float[][] rows, BufferAllocator allocator) {
        List<Feed> feeds = List.of(new Feed.Dense(input, Feed.Column.of(0, input), Optional.empty()));
        List<Fetch> fetches = program.signature().outputs().stream()
                .map(output -> Fetch.of(
                        output.name(),
                        ElementType.FLOAT32.field(output.name(), output.shape().numDimensions() - 1)))
                .toList();
        Map<String, float[]> outputs = new TreeMap<>();
        try (var column = column(input, rows, allocator);
                var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, fetches, allocator, new TransferLedger());
                var result = runner.run(List.of(column))) {
            for (FieldVector vector : result.getFieldVectors()) {
                FieldVector values = vector;
                while (values instanceof ListVector list) {
                    values = list.getDataVector();
                }
                float[] floats = new float[values.getValueCount()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = ((Float4Vector) values).get(i);
                }
                outputs.put(vector.getName(), floats);
            }
        }
        return outputs;
    }

    private static ListVector column(String name, float[][] rows, BufferAllocator allocator) {
        var column = ListVector.empty(name, allocator);
        column.addOrGetVector(FieldType.notNullable(Types.MinorType.FLOAT4.getType()));
        column.allocateNew();
        var values = (Float4Vector) column.getDataVector();
        for (int row = 0; row < rows.length; row++) {
            int at = column.startNewValue(row);
            for (int i = 0; i < rows[row].length; i++) {
                values.setSafe(at + i, rows[row][i]);
            }
            column.endValue(row, rows[row].length);
        }
        column.setValueCount(rows.length);
        return column;
    }
}
