package io.tensorbridge.tensor;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * What can be told of a program's operations without running it: those that some outputs need, and those of the functions
 * that these call.
 *
 * <p>A program remembers what was found, so that to ask again costs nothing. Safe for use by several threads.
 */
public final class ProgramFacts {

    private static final Set<String> ON_CPU = Set.of("CPU", "DEFAULT", "XLA_CPU_JIT");
    private static final Set<String> RANDOM = Set.of(
            "TruncatedNormal",
            "ParameterizedTruncatedNormal",
            "Multinomial",
            "SampleDistortedBoundingBox",
            "SampleDistortedBoundingBoxV2",
            "RngSkip",
            "RngReadAndSkip");

    private ProgramFacts() {}

    /**
     * An operation of which something is to be said.
     *
     * @param name its name in the graph
     * @param type its type, such as {@code Fill}
     * @param found what there is to say: a shape, or the devices that it runs on
     */
    public record Operation(String name, String type, String found) {}

    /** Returns an operation that gives other numbers at each run, if the outputs need one. */
    public static Optional<Operation> random(Program program, Collection<String> outputs) {
        return remembered(
                "random",
                program,
                outputs,
                (graph, closure) -> nodes(closure)
                        .filter(node -> isRandom(node.getOp()))
                        .map(node -> new Operation(node.getName(), node.getOp(), node.getOp()))
                        .findFirst());
    }

    /** Returns an operation that this process has no kernel for, on any device that it uses, if the outputs need one. */
    public static Optional<Operation> withoutKernel(Program program, Collection<String> outputs) {
        return remembered("withoutKernel", program, outputs, (graph, closure) -> {
            Set<String> functions = new HashSet<>();
            graph.getLibrary()
                    .getFunctionList()
                    .forEach(function -> functions.add(function.getSignature().getName()));
            return nodes(closure)
                    .filter(node -> !functions.contains(node.getOp()))
                    .filter(node ->
                            NativeKernels.devicesOf(node.getOp()).stream().noneMatch(ON_CPU::contains))
                    .map(node -> new Operation(
                            node.getName(),
                            node.getOp(),
                            NativeKernels.devicesOf(node.getOp()).toString()))
                    .findFirst();
        });
    }

    /** Returns an operation that makes more elements than a column can hold, whatever it is fed with, if there is one. */
    public static Optional<Operation> oversized(Program program, Collection<String> outputs) {
        return remembered(
                "oversized",
                program,
                outputs,
                (graph, closure) -> Stream.concat(
                                Stream.of(closure.nodes()),
                                graph.getLibrary().getFunctionList().stream()
                                        .map(FunctionDef::getNodeDefList)
                                        .filter(closure.functionNodes()::containsAll))
                        .flatMap(nodes -> ConstantShapes.oversized(nodes).stream())
                        .findFirst());
    }

    /** Returns the names of all signatures of the model that a program was made of, in order; none for a graph. */
    public static List<String> signatures(Program program) {
        return program.form() == Program.Form.SAVED_MODEL
                ? program.remembered("signatures", () -> ModelSignatures.namesOf(ProgramGraph.metaGraph(program)))
                : List.of();
    }

    private static boolean isRandom(String op) {
        boolean named = op.startsWith("Random") && !op.endsWith("Grad") && !op.contains("Dataset");
        boolean ofGenerator =
                op.startsWith("Stateful") && (op.contains("Normal") || op.contains("Uniform") || op.contains("Random"));
        return named || ofGenerator || RANDOM.contains(op) || op.endsWith("CandidateSampler");
    }

    private static Stream<NodeDef> nodes(GraphClosure closure) {
        return Stream.concat(closure.nodes().stream(), closure.functionNodes().stream());
    }

    private static Optional<Operation> remembered(
            String what,
            Program program,
            Collection<String> outputs,
            BiFunction<GraphDef, GraphClosure, Optional<Operation>> find) {
        List<TensorSpec> known = program.signature().outputs().stream()
                .filter(output -> outputs.contains(output.name()))
                .toList();
        return program.remembered(
                List.of(what, known.stream().map(TensorSpec::name).toList()), () -> {
                    GraphDef graph = ProgramGraph.of(program);
                    return find.apply(
                            graph,
                            ProgramGraph.closure(
                                    program,
                                    graph,
                                    known.stream().map(TensorSpec::name).toList()));
                });
    }
}
