package io.tensorbridge.tensor;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * The tensors of a program that can be fetched, those in functions included, and how to find one by its name.
 *
 * <p>A tensor goes by the name of its operation, with the number of the output unless that is 0, and by any ending of that
 * name that is no other's: {@code dense/Relu}, {@code best:1}.
 */
final class ProgramTensors {

    private static final Pattern CALLS = Pattern.compile("((Stateful)?PartitionedCall(_\\d+)?/)+");
    private static final int MOST_NAMES_SHOWN = 5;

    private final Program program;
    private final Map<String, Found> byName = new LinkedHashMap<>(); // by full name, in the graph's order

    /**
     * A tensor.
     *
     * @param tensor its name in the graph whose calls were resolved
     * @param spec its listed name, type and shape
     * @param calls the calls to resolve so that it can be fetched
     * @param listed whether it is worth mentioning: it comes of an input, and a column could hold it
     */
    record Found(String tensor, TensorSpec spec, List<String> calls, boolean listed) {}

    private ProgramTensors(Program program) {
        this.program = program;
    }

    static ProgramTensors of(Program program) {
        return program.remembered("tensors", () -> {
            var tensors = new ProgramTensors(program);
            tensors.read();
            return tensors;
        });
    }

    /** Returns those that are worth mentioning, under the names that {@link #find} knows them by. */
    List<TensorSpec> specs() {
        return byName.values().stream().filter(Found::listed).map(Found::spec).toList();
    }

    /** Returns the tensor of this name, which may be an ending of its full name. */
    Found find(String what, String name) {
        String full = shortForm(name);
        Found found = byName.get(full);
        if (found == null) {
            List<Found> ending = byName.values().stream()
                    .filter(tensor -> shortForm(tensor.tensor()).endsWith("/" + full))
                    .toList();
            if (ending.size() > 1) {
                throw new IllegalArgumentException(what
                        + ": expected a name that one tensor alone ends with, found %d that do: %s. Write more of the name"
                                .formatted(
                                        ending.size(),
                                        ending.stream()
                                                .map(tensor -> shortForm(tensor.tensor()))
                                                .limit(MOST_NAMES_SHOWN)
                                                .toList()));
            }
            found = ending.isEmpty() ? null : ending.get(0);
        }
        if (found == null) {
            throw new IllegalArgumentException(what + ": " + new Missing(full).reason());
        }
        if (ElementType.of(found.spec().elementType()).isEmpty()) {
            throw new IllegalArgumentException(what
                    + ": expected a tensor that a column can hold, found %s. Cut after it"
                            .formatted(found.spec().elementType()));
        }
        return found;
    }

    /** Returns a tensor's name without the number of its output if that is 0. */
    static String shortForm(String tensor) {
        return tensor.endsWith(":0") ? tensor.substring(0, tensor.length() - 2) : tensor;
    }

    private String what() {
        return "Cannot list the tensors of program '%s'".formatted(program.name());
    }

    private void read() {
        GraphDef graph = ProgramGraph.of(program);
        Set<String> inputs = inputTensors(program);
        var inlined = resolved(graph);
        GraphClosure closure = GraphClosure.of(inlined.graph(), roots(inlined.graph()));
        var flow = new DataFlow(closure.nodes());
        Set<String> unfetched = flow.inLoopsAndBranches();
        Set<String> fromInputs = inputs.isEmpty()
                ? closure.nodes().stream()
                        .filter(node -> !node.getOp().equals("Const"))
                        .map(NodeDef::getName)
                        .collect(Collectors.toSet())
                : flow.reachedFrom(inputs);
        List<Found> all = new ArrayList<>();
        imported(closure.nodes(), graph, output -> {
            String tensor = output.op().name() + ":" + output.index();
            if (!inputs.contains(tensor) && !unfetched.contains(output.op().name())) {
                all.add(new Found(
                        tensor,
                        new TensorSpec(shortForm(tensor), output.dataType(), output.shape()),
                        inlined.callsAround().getOrDefault(output.op().name(), List.of()),
                        fromInputs.contains(output.op().name())
                                && ElementType.of(output.dataType()).isPresent()));
            }
        });
        listed(all).forEach(found -> byName.put(shortForm(found.tensor()), found));
    }

    /** Gives every tensor the name to list it by: without the calls around it, unless another's name ends so too. */
    private static List<Found> listed(List<Found> all) {
        Map<String, Integer> endings = new HashMap<>();
        for (Found found : all) {
            String name = shortForm(found.tensor());
            endings.merge(name, 1, Integer::sum);
            for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
                endings.merge(name.substring(slash + 1), 1, Integer::sum);
            }
        }
        return all.stream()
                .map(found -> {
                    String name = withoutCalls(shortForm(found.tensor()));
                    TensorSpec spec = found.spec();
                    return endings.getOrDefault(name, 0) > 1
                            ? found
                            : new Found(
                                    found.tensor(),
                                    new TensorSpec(name, spec.elementType(), spec.shape()),
                                    found.calls(),
                                    found.listed());
                })
                .toList();
    }

    private static String withoutCalls(String name) {
        var matcher = CALLS.matcher(name);
        return matcher.lookingAt() ? name.substring(matcher.end()) : name;
    }

    private FunctionInliner.Inlined resolved(GraphDef graph) {
        Set<String> topLevel =
                graph.getNodeList().stream().map(NodeDef::getName).collect(Collectors.toSet());
        Set<String> needed = GraphClosure.of(graph, roots(graph)).nodes().stream()
                .map(NodeDef::getName)
                .collect(Collectors.toSet());
        return FunctionInliner.inline(what(), graph, call -> !topLevel.contains(call) || needed.contains(call));
    }

    /** Returns what a program's tensors are to be found before: all of a graph, of a model what comes of its inputs. */
    private Collection<String> roots(GraphDef graph) {
        if (program.form() == Program.Form.GRAPH_DEF) {
            return graph.getNodeList().stream().map(NodeDef::getName).toList();
        }
        Set<String> roots = new DataFlow(graph.getNodeList()).reachedFrom(inputTensors(program));
        program.signature()
                .outputs()
                .forEach(output -> roots.add(GraphNames.operationOf(ProgramGraph.outputTensor(program, output))));
        return roots;
    }

    static Set<String> inputTensors(Program program) {
        return program.signatureDef().getInputsMap().values().stream()
                .map(info -> ProgramGraph.canonical(info.getName()))
                .collect(Collectors.toSet());
    }

    private interface Visitor {
        void visit(Output<?> output);
    }

    /** Lets TensorFlow infer the shapes of some nodes, which need no others. */
    private void imported(List<NodeDef> nodes, GraphDef graph, Visitor visitor) {
        var needed = GraphDef.newBuilder().setVersions(graph.getVersions()).setLibrary(graph.getLibrary());
        nodes.forEach(node -> needed.addNode(node.toBuilder().removeAttr("_class"))); // it may be with what is left out
        TensorFlowRuntime.load();
        try (var imported = new Graph()) {
            imported.importGraphDef(needed.build());
            for (NodeDef node : nodes) {
                GraphOperation operation = imported.operation(node.getName());
                for (int i = 0; operation != null && i < operation.numOutputs(); i++) {
                    visitor.visit(operation.output(i));
                }
            }
        } catch (TensorFlowException | IllegalArgumentException e) {
            throw new ProgramException(what(), String.valueOf(e.getMessage()), e);
        }
    }

    /** A name that no tensor has; what it may be instead. */
    private final class Missing {

        private final String name;

        Missing(String name) {
            this.name = name;
        }

        String reason() {
            if (inputTensors(program).contains(ProgramGraph.canonical(name))
                    || program.signature().input(name).isPresent()) {
                return "expected a tensor that is computed, found an input, which TensorFlow does not hand back. Use the column that feeds it";
            }
            GraphDef graph = ProgramGraph.of(program);
            var inlined = resolved(graph);
            GraphClosure closure = GraphClosure.of(inlined.graph(), roots(inlined.graph()));
            Set<String> unfetched = new DataFlow(closure.nodes()).inLoopsAndBranches();
            boolean isInside = unfetched.stream().anyMatch(this::isMeant);
            Optional<NodeDef> around = isInside ? Optional.empty() : around(closure.nodes(), graph);
            if (isInside || around.isPresent()) {
                return "expected a tensor outside of loops, branches and compiled functions, found one inside%s. Cut before it or after it"
                        .formatted(around.map(node -> " of '%s' (%s)".formatted(node.getName(), node.getOp()))
                                .orElse(""));
            }
            List<String> names = byName.values().stream()
                    .filter(Found::listed)
                    .map(found -> found.spec().name())
                    .toList();
            return "expected one of %d tensors, found none of that name. Those of like names are %s; tensors() lists all"
                    .formatted(names.size(), CloseNames.of(name, names, MOST_NAMES_SHOWN));
        }

        private boolean isMeant(String operation) {
            String meant = GraphNames.operationOf(name);
            return operation.equals(meant) || operation.endsWith("/" + meant);
        }

        /** Returns the node whose functions have an operation of the name, directly or in functions that those call. */
        private Optional<NodeDef> around(List<NodeDef> nodes, GraphDef graph) {
            var operations = new Operations(graph);
            return nodes.stream()
                    .filter(node ->
                            GraphNames.functionsOf(node).stream().anyMatch(f -> isIn(f, operations, new HashSet<>())))
                    .findFirst();
        }

        private boolean isIn(String function, Operations operations, Set<String> seen) {
            return seen.add(function)
                    && operations.function(function).map(FunctionDef::getNodeDefList).stream()
                            .flatMap(List::stream)
                            .anyMatch(node -> isMeant(node.getName())
                                    || GraphNames.functionsOf(node).stream()
                                            .anyMatch(inner -> isIn(inner, operations, seen)));
        }
    }
}
