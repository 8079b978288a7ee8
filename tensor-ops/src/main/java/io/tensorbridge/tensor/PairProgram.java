package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;

/** A program that combines neighbouring rows by another; see {@link ProgramRewrites#pairs}. */
final class PairProgram {

    private PairProgram() {}

    static Program of(Program program, List<ProgramRewrites.Pair> pairs) {
        String what = "Cannot combine rows with program '%s'".formatted(program.name());
        check(what, program, pairs);
        GraphDef graph = ProgramGraph.of(program);
        GraphEdits edits = ProgramGraph.edit(program, graph);
        List<TensorSpec> outputs =
                pairs.stream().map(pair -> output(program, pair)).toList();
        FunctionBody body = FunctionBody.of(
                what,
                edits.freeFunctionName("tensorbridge_body"),
                graph,
                pairs.stream()
                        .flatMap(pair -> Stream.of(
                                argument(program, pair.first(), pair), argument(program, pair.second(), pair)))
                        .toList(),
                outputs.stream()
                        .map(output -> ProgramGraph.outputTensor(program, output))
                        .toList());

        List<Halves> columns = new ArrayList<>();
        for (ProgramRewrites.Pair pair : pairs) {
            TensorSpec output = output(program, pair);
            var spec = new TensorSpec(
                    pair.output() + "_input", output.elementType(), Shapes.blockOf(cellOf(program, pair)));
            String tensor = edits.placeholder(spec.name(), spec.elementType(), spec.shape());
            columns.add(Halves.of(edits, new ProgramGraph.Port(tensor, spec)));
        }
        List<String> combined = new RowMapping(
                        body,
                        columns.stream().flatMap(Halves::arguments).toList(),
                        /* shared= */ List.of(),
                        results(outputs, columns))
                .addTo(edits);
        List<ProgramGraph.Port> ports = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            var spec = new TensorSpec(
                    outputs.get(i).name(),
                    outputs.get(i).elementType(),
                    columns.get(i).block().spec().shape());
            ports.add(new ProgramGraph.Port(columns.get(i).withTail(edits, combined.get(i)), spec));
        }
        return ProgramGraph.rewritten(
                program, edits, columns.stream().map(Halves::block).toList(), ports);
    }

    private static List<RowMapping.Result> results(List<TensorSpec> outputs, List<Halves> columns) {
        List<RowMapping.Result> results = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            results.add(new RowMapping.Result(
                    outputs.get(i).elementType(),
                    outputs.get(i).shape(),
                    Optional.of(columns.get(i).evens())));
        }
        return results;
    }

    private static TensorSpec output(Program program, ProgramRewrites.Pair pair) {
        return program.signature().output(pair.output()).orElseThrow();
    }

    /** An input that no output needs may not be in the signature. */
    private static FunctionBody.Argument argument(Program program, String input, ProgramRewrites.Pair pair) {
        return program.signature()
                .input(input)
                .map(spec -> RowProgram.argument(program, spec))
                .orElseGet(() -> new FunctionBody.Argument(
                        Optional.empty(), output(program, pair).elementType(), Shape.unknown()));
    }

    /** Returns the shape that holds for rows as they come, combined or not. */
    private static Shape cellOf(Program program, ProgramRewrites.Pair pair) {
        Shape cell = output(program, pair).shape();
        for (String name : List.of(pair.first(), pair.second())) {
            Optional<TensorSpec> input = program.signature().input(name);
            if (input.isPresent()) {
                cell = Shapes.common(cell, input.get().shape());
            }
        }
        return cell;
    }

    /**
     * A block, cut up.
     *
     * @param evens rows 0, 2, 4 and so on, without an odd last one
     * @param odds rows 1, 3, 5 and so on
     * @param tail the odd last row, or none
     */
    private record Halves(ProgramGraph.Port block, String evens, String odds, String tail) {

        static Halves of(GraphEdits edits, ProgramGraph.Port block) {
            DataType type = block.spec().elementType();
            String rows = edits.rowsOf(block.tensor(), type);
            String even = edits.add(
                    "even",
                    "BitwiseAnd",
                    List.of(rows, edits.list("mask", ~1)),
                    Map.of("T", Attrs.type(DataType.DT_INT32)));
            return new Halves(
                    block,
                    edits.slice("evens", type, block.tensor(), edits.list("first", 0), even, 2),
                    edits.slice("odds", type, block.tensor(), edits.list("second", 1), even, 2),
                    edits.slice("tail", type, block.tensor(), even, rows, 1));
        }

        Stream<RowMapping.Argument> arguments() {
            DataType type = block.spec().elementType();
            return Stream.of(new RowMapping.Argument(evens, type), new RowMapping.Argument(odds, type));
        }

        String withTail(GraphEdits edits, String combined) {
            return edits.add(
                    "halved",
                    "ConcatV2",
                    List.of(combined, tail, edits.scalar("axis", 0)),
                    Map.of(
                            "T",
                            Attrs.type(block.spec().elementType()),
                            "N",
                            Attrs.integer(2),
                            "Tidx",
                            Attrs.type(DataType.DT_INT32)));
        }
    }

    private static void check(String what, Program program, List<ProgramRewrites.Pair> pairs) {
        ProgramSignature signature = program.signature();
        List<String> paired = pairs.stream().map(ProgramRewrites.Pair::output).toList();
        List<String> outputs =
                signature.outputs().stream().map(TensorSpec::name).toList();
        if (paired.size() != outputs.size() || !new TreeSet<>(paired).equals(new TreeSet<>(outputs))) {
            throw new IllegalArgumentException("%s: expected a pair for each of the outputs %s, found pairs for %s"
                    .formatted(what, outputs, paired));
        }
        List<String> combined = pairs.stream()
                .flatMap(pair -> Stream.of(pair.first(), pair.second()))
                .toList();
        if (new TreeSet<>(combined).size() != combined.size()) {
            throw new IllegalArgumentException(
                    "%s: expected each input in one pair, found pairs of the inputs %s".formatted(what, combined));
        }
        for (TensorSpec input : signature.inputs()) {
            if (!combined.contains(input.name())) {
                throw new IllegalArgumentException(
                        "%s: expected each input in one pair, found '%s' in none. The pairs are of the inputs %s"
                                .formatted(what, input.name(), combined));
            }
        }
        for (ProgramRewrites.Pair pair : pairs) {
            TensorSpec output = output(program, pair);
            for (String name : List.of(pair.first(), pair.second())) {
                signature.input(name).ifPresent(input -> checkFits(what, input, output));
            }
        }
    }

    private static void checkFits(String what, TensorSpec input, TensorSpec output) {
        if (input.elementType() != output.elementType() || !Shapes.accepts(input.shape(), output.shape())) {
            throw new IllegalArgumentException("%s: expected output '%s' to be %s like input '%s', found %s"
                    .formatted(
                            what,
                            output.name(),
                            Shapes.describe(input.elementType(), input.shape()),
                            input.name(),
                            Shapes.describe(output.elementType(), output.shape())));
        }
    }
}
