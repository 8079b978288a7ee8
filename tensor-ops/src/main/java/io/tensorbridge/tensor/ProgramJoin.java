package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Makes one program of two that run one after the other; see {@link Program#then}. */
final class ProgramJoin {

    private final Program first;
    private final Program second;
    private final String what;
    private final Map<String, String> feeds = new LinkedHashMap<>(); // input of the second, output of the first

    private ProgramJoin(Program first, Program second) {
        this.first = first;
        this.second = second;
        this.what = "Cannot join program '%s' to program '%s'".formatted(first.name(), second.name());
    }

    /**
     * Joins two programs.
     *
     * @param named outputs of the first by the inputs of the second that they feed; others are fed by name
     */
    static Program of(Program first, Program second, Map<String, String> named) {
        var join = new ProgramJoin(first, second);
        join.match(named);
        return join.joined();
    }

    private void match(Map<String, String> named) {
        List<String> mismatches = new ArrayList<>();
        new TreeMap<>(named).forEach((input, output) -> {
            if (second.signature().input(input).isEmpty()) {
                mismatches.add("input '%s': expected one of the inputs %s, found no input of that name"
                        .formatted(input, names(second.signature().inputs())));
            } else if (first.signature().output(output).isEmpty()) {
                mismatches.add("input '%s': expected one of the outputs %s to feed it, found no output '%s'"
                        .formatted(input, names(first.signature().outputs()), output));
            }
        });
        for (TensorSpec input : second.signature().inputs()) {
            String output = named.getOrDefault(input.name(), input.name());
            first.signature().output(output).ifPresent(from -> {
                feeds.put(input.name(), output);
                if (input.elementType() != from.elementType() || !Shapes.accepts(input.shape(), from.shape())) {
                    mismatches.add("input '%s': expected %s, found %s of output '%s'"
                            .formatted(
                                    input.name(),
                                    Shapes.describe(input.elementType(), input.shape()),
                                    Shapes.describe(from.elementType(), from.shape()),
                                    output));
                }
            });
        }
        if (feeds.isEmpty() && mismatches.isEmpty()) {
            mismatches.add(
                    "expected an output named like one of the inputs %s, found outputs %s. Say which feeds which with then(program, Map.of(\"input\", \"output\"))"
                            .formatted(
                                    names(second.signature().inputs()),
                                    names(first.signature().outputs())));
        } else {
            checkShared(mismatches);
        }
        if (!mismatches.isEmpty()) {
            throw new SignatureMismatchException(what + ":\n  - " + String.join("\n  - ", mismatches));
        }
    }

    /** What both take goes into both. */
    private void checkShared(List<String> mismatches) {
        for (TensorSpec input : second.signature().inputs()) {
            TensorSpec other = first.signature().input(input.name()).orElse(input);
            if (!feeds.containsKey(input.name())
                    && (input.elementType() != other.elementType() || !Shapes.accepts(input.shape(), other.shape()))) {
                mismatches.add("input '%s' of both: expected %s like the first program's, found %s"
                        .formatted(
                                input.name(),
                                Shapes.describe(other.elementType(), other.shape()),
                                Shapes.describe(input.elementType(), input.shape())));
            }
        }
    }

    private static List<String> names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toList();
    }

    /** The joined program has the files of one, to whose graph that of the other is added. */
    private Program joined() {
        boolean firstIsModel = first.form() == Program.Form.SAVED_MODEL;
        boolean secondIsModel = second.form() == Program.Form.SAVED_MODEL;
        var ofFirst = new Side(first);
        var ofSecond = new Side(second);
        if (!firstIsModel || !secondIsModel) {
            return merged(ofFirst, ofSecond, /* firstIsBase= */ firstIsModel, GraphMerge.State.APART);
        }
        if (ModelState.areOfOneModel(first, second)) {
            return merged(ofFirst, ofSecond, /* firstIsBase= */ false, GraphMerge.State.SHARED);
        }
        Optional<String> inFirst = ofFirst.state();
        Optional<String> inSecond = ofSecond.state();
        if (inFirst.isPresent() && inSecond.isPresent()) {
            throw new IllegalArgumentException(what
                    + ": expected variables and tables in one of two saved models at most, found '%s' in the first and '%s' in the second. Export both as one model, or one of them as a graph of constants"
                            .formatted(inFirst.get(), inSecond.get()));
        }
        return merged(ofFirst, ofSecond, /* firstIsBase= */ inFirst.isPresent(), GraphMerge.State.APART);
    }

    private Program merged(Side ofFirst, Side ofSecond, boolean firstIsBase, GraphMerge.State state) {
        Side base = firstIsBase ? ofFirst : ofSecond;
        Side added = firstIsBase ? ofSecond : ofFirst;
        var merge = new GraphMerge(base.graph, added.wanted(), state);
        UnaryOperator<String> inFirst = firstIsBase ? UnaryOperator.identity() : merge::tensor;
        UnaryOperator<String> inSecond = firstIsBase ? merge::tensor : UnaryOperator.identity();

        Map<String, String> replaced = new HashMap<>();
        feeds.forEach((input, output) -> replaced.put(
                inSecond.apply(ProgramGraph.inputTensor(
                        second, second.signature().input(input).orElseThrow())),
                inFirst.apply(ProgramGraph.outputTensor(
                        first, first.signature().output(output).orElseThrow()))));
        List<ProgramGraph.Port> inputs = new ArrayList<>();
        ProgramGraph.inputPorts(first).forEach(port -> inputs.add(moved(port, inFirst)));
        for (ProgramGraph.Port port : ProgramGraph.inputPorts(second)) {
            ProgramGraph.Port ofBoth = inputs.stream()
                    .filter(known -> known.spec().name().equals(port.spec().name()))
                    .findFirst()
                    .orElse(null);
            String tensor = inSecond.apply(port.tensor());
            if (replaced.containsKey(tensor)) {
                continue;
            }
            if (ofBoth == null) {
                inputs.add(moved(port, inSecond));
            } else {
                replaced.put(tensor, ofBoth.tensor());
                inputs.set(inputs.indexOf(ofBoth), narrowed(ofBoth, port.spec()));
            }
        }
        List<ProgramGraph.Port> outputs = second.signature().outputs().stream()
                .map(spec -> moved(new ProgramGraph.Port(ProgramGraph.outputTensor(second, spec), spec), inSecond))
                .toList();
        UnaryOperator<String> rewire = input -> rewired(input, replaced);
        GraphDef graph = firstIsBase
                ? merge.merged(UnaryOperator.identity(), rewire)
                : merge.merged(rewire, UnaryOperator.identity());
        return ProgramGraph.withGraph(
                        base.program,
                        first.name() + "+" + second.name(),
                        graph,
                        inputs,
                        outputs,
                        first.origin().and(second.origin()))
                .withChecks(checks());
    }

    /** Returns the checks of the inputs that are left: what the first feeds to the second has passed TensorFlow's. */
    private Map<String, InputCheck> checks() {
        Map<String, InputCheck> checks = new HashMap<>(first.checks());
        second.checks().forEach((input, check) -> {
            if (!feeds.containsKey(input)) {
                checks.merge(input, check, InputCheck::and);
            }
        });
        return checks;
    }

    private static ProgramGraph.Port moved(ProgramGraph.Port port, UnaryOperator<String> names) {
        return new ProgramGraph.Port(names.apply(port.tensor()), port.spec());
    }

    private static ProgramGraph.Port narrowed(ProgramGraph.Port port, TensorSpec other) {
        Shape shape = Shapes.both(port.spec().shape(), other.shape());
        return new ProgramGraph.Port(
                port.tensor(), new TensorSpec(port.spec().name(), port.spec().elementType(), shape));
    }

    /** What waits for an input that is no longer fed waits for what takes its place. */
    private static String rewired(String input, Map<String, String> replaced) {
        if (!input.startsWith("^")) {
            return replaced.getOrDefault(ProgramGraph.canonical(input), input);
        }
        String instead = replaced.get(ProgramGraph.canonical(input.substring(1)));
        return instead == null ? input : "^" + GraphNames.operationOf(instead);
    }

    /** One of the two programs. */
    private static final class Side {

        private final Program program;
        private final GraphDef graph;
        private final GraphClosure closure;

        Side(Program program) {
            this.program = program;
            this.graph = ProgramGraph.of(program);
            this.closure = GraphClosure.of(
                    graph,
                    program.signature().outputs().stream()
                            .map(output -> GraphNames.operationOf(ProgramGraph.outputTensor(program, output)))
                            .toList());
        }

        /** Returns what the outputs need that is given its value when the model is loaded, or nothing. */
        Optional<String> state() {
            return Stream.concat(closure.nodes().stream(), closure.functionNodes().stream())
                    .filter(node -> Capture.of(node).isPresent())
                    .map(NodeDef::getName)
                    .findFirst();
        }

        /** Returns the graph, but of a saved model only what the outputs need: the rest of it loads the model. */
        GraphDef wanted() {
            return switch (program.form()) {
                case GRAPH_DEF -> graph;
                case SAVED_MODEL ->
                    graph.toBuilder().clearNode().addAllNode(closure.nodes()).build();
            };
        }
    }
}
