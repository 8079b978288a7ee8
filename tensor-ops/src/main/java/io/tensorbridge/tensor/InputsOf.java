package io.tensorbridge.tensor;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.proto.NodeDef;

/** Finds which inputs of a program its outputs need. */
final class InputsOf {

    private InputsOf() {}

    static List<TensorSpec> outputs(Program program, Collection<String> outputs) {
        if (outputs.size() == program.signature().outputs().size() && program.form() == Program.Form.GRAPH_DEF) {
            return program.signature().inputs(); // a graph's signature lists no others
        }
        GraphClosure closure = ProgramGraph.closure(program, ProgramGraph.of(program), outputs);
        Set<String> needed = new HashSet<>();
        for (NodeDef node : closure.nodes()) {
            node.getInputList().forEach(input -> needed.add(ProgramGraph.canonical(input)));
            if (node.getOp().equals("Placeholder")) {
                needed.add(node.getName() + ":0"); // by what waits for it, perhaps
            }
        }
        return program.signature().inputs().stream()
                .filter(input -> needed.contains(ProgramGraph.inputTensor(program, input)))
                .toList();
    }
}
