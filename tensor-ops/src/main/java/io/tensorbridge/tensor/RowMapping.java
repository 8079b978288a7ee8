package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * Runs a function on every row of some tensors, by TensorFlow's {@code MapDefun}.
 *
 * @param function what to run, whose arguments are cells, then whole tensors
 * @param arguments tensors of one number of rows, a row for each run
 * @param shared tensors that are handed to each run whole
 * @param results what each run gives
 */
record RowMapping(FunctionBody function, List<Argument> arguments, List<Argument> shared, List<Result> results) {

    /**
     * How many runs of the function may go on beside each other; 0 bounds them by TensorFlow's own pool alone. Despite
     * its name the attribute says nothing of the threads inside an operation.
     */
    private static final long UNBOUNDED = 0;

    /** A tensor and the type of its elements. */
    record Argument(String tensor, DataType type) {}

    /**
     * What every run gives.
     *
     * @param type the type of its elements
     * @param cell the shape that every run gives; where it is not wholly known, all runs must give one shape all the same
     * @param ifNoRows a tensor to give if there are no rows, or nothing for one whose unknown dimensions are 0
     */
    record Result(DataType type, Shape cell, Optional<String> ifNoRows) {}

    /** Adds the function and what runs it to a graph, and returns a tensor of rows for each result. */
    List<String> addTo(GraphEdits edits) {
        edits.addFunction(function.definition());
        List<String> captured = Stream.concat(
                        shared.stream().map(Argument::tensor),
                        function.captures().stream().map(capture -> capture.addTo(edits)))
                .toList();
        if (results.stream().noneMatch(result -> Shapes.elements(result.cell()) < 0)) {
            return map(edits, arguments.stream().map(Argument::tensor).toList(), captured);
        }
        return mapIfRows(edits, captured);
    }

    private List<String> map(GraphEdits edits, List<String> rows, List<String> captured) {
        List<String> inputs = new ArrayList<>(rows);
        inputs.addAll(captured);
        String map = edits.add(
                "map",
                "MapDefun",
                inputs,
                Map.of(
                        "Targuments",
                        Attrs.types(arguments.stream().map(Argument::type).toList()),
                        "Tcaptured",
                        Attrs.types(Stream.concat(
                                        shared.stream().map(Argument::type),
                                        function.captures().stream().map(Capture::type))
                                .toList()),
                        "output_types",
                        Attrs.types(results.stream().map(Result::type).toList()),
                        "output_shapes",
                        Attrs.shapes(results.stream().map(Result::cell).toList()),
                        "f",
                        Attrs.function(function.definition().getSignature().getName()),
                        "max_intra_op_parallelism",
                        Attrs.integer(UNBOUNDED)));
        String node = GraphNames.operationOf(map);
        List<String> tensors = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            tensors.add(node + ":" + i);
        }
        return tensors;
    }

    /**
     * Leaves the mapping out if there are no rows. {@code MapDefun} learns a shape that is not wholly known from the first
     * row, and without one it gives no tensor at all, which TensorFlow reports as an error of its own.
     */
    private List<String> mapIfRows(GraphEdits edits, List<String> captured) {
        Argument first = arguments.get(0);
        String noRows = edits.add(
                "noRows",
                "Squeeze",
                List.of(edits.add(
                        "none",
                        "Equal",
                        List.of(edits.rowsOf(first.tensor(), first.type()), edits.scalar("zero", 0)),
                        Map.of("T", Attrs.type(DataType.DT_INT32)))),
                Map.of("T", Attrs.type(DataType.DT_BOOL)));
        List<String> rows = arguments.stream()
                .map(argument -> gate(edits, argument.tensor(), argument.type(), noRows) + ":0")
                .toList();
        List<String> mapped = map(edits, rows, captured);
        List<String> tensors = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            Result result = results.get(i);
            String empty = result.ifNoRows().orElseGet(() -> edits.noRows("empty", result.type(), result.cell()));
            tensors.add(edits.add(
                    "rowsOrNone",
                    "Merge",
                    List.of(mapped.get(i), gate(edits, empty, result.type(), noRows) + ":1"),
                    Map.of("T", Attrs.type(result.type()), "N", Attrs.integer(2))));
        }
        return tensors;
    }

    /** Adds a switch, whose output 0 is alive if there are rows and whose output 1 if there are none. */
    private static String gate(GraphEdits edits, String tensor, DataType type, String noRows) {
        return GraphNames.operationOf(
                edits.add("gate", "Switch", List.of(tensor, noRows), Map.of("T", Attrs.type(type))));
    }
}
