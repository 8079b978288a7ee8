package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelPolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Makes programs that give tensors of another's which are no outputs of it; see {@link Program#cutAt}. */
final class ProgramCuts {

    private ProgramCuts() {}

    /**
     * Makes a program.
     *
     * @param kept the outputs of the program to keep, which come first
     * @param tensors the tensors to give besides, by the names of the outputs
     */
    static Program of(Program program, List<TensorSpec> kept, Map<String, String> tensors) {
        Map<String, ProgramTensors.Found> found = new LinkedHashMap<>();
        Set<String> calls = new HashSet<>();
        tensors.forEach((output, tensor) -> {
            String what = "Cannot cut program '%s' at '%s'".formatted(program.name(), tensor);
            if (kept.stream().anyMatch(spec -> spec.name().equals(output))) {
                throw new IllegalArgumentException(what
                        + ": expected a new output, found that there is one named '%s' already. Name it with fetching(\"…\", \"%s\")"
                                .formatted(output, tensor));
            }
            ProgramTensors.Found at = ProgramTensors.of(program).find(what, tensor);
            found.put(output, at);
            calls.addAll(at.calls());
        });
        GraphDef graph = ProgramGraph.of(program);
        if (!calls.isEmpty()) {
            graph = FunctionInliner.inline("Cannot cut program '%s'".formatted(program.name()), graph, calls::contains)
                    .graph();
        }
        List<ProgramGraph.Port> outputs = new ArrayList<>();
        kept.forEach(spec -> outputs.add(new ProgramGraph.Port(ProgramGraph.outputTensor(program, spec), spec)));
        found.forEach((output, at) -> outputs.add(new ProgramGraph.Port(
                at.tensor(),
                new TensorSpec(output, at.spec().elementType(), at.spec().shape()))));
        List<ProgramGraph.Port> inputs = ProgramGraph.inputPorts(program);
        List<NodeDef> unfed = ProgramGraph.unfed(graph, inputs, outputs);
        if (program.form() == Program.Form.GRAPH_DEF) {
            unfed.forEach(placeholder -> inputs.add(GraphPrograms.inputOf(placeholder)));
        } else if (!unfed.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot cut program '%s' at %s: expected tensors that need none but its inputs %s, found placeholder '%s' before them. Load the model with a signature that names it"
                            .formatted(
                                    program.name(),
                                    tensors.values().stream()
                                            .map("'%s'"::formatted)
                                            .collect(Collectors.joining(", ")),
                                    inputs.stream()
                                            .map(input -> input.spec().name())
                                            .toList(),
                                    unfed.get(0).getName()));
        }
        checkOutputs(program, graph, inputs, outputs);
        return calls.isEmpty()
                ? ProgramGraph.withPorts(program, graph, inputs, outputs)
                : ProgramGraph.withGraph(program, program.name(), graph, inputs, outputs, program.origin());
    }

    /** What a model's signatures do not give may need what belongs to loading, which outputs are not to need. */
    private static void checkOutputs(
            Program program, GraphDef graph, List<ProgramGraph.Port> inputs, List<ProgramGraph.Port> outputs) {
        ModelPolicy policy = program.origin().policy();
        if (policy != null) {
            ModelCheck.checkOutputs(
                    "Cannot cut program '%s'".formatted(program.name()),
                    graph,
                    outputs.stream().map(ProgramGraph.Port::tensor).toList(),
                    inputs.stream().map(ProgramGraph.Port::tensor).collect(Collectors.toSet()),
                    policy);
        }
    }
}
