package io.tensorbridge.tensor;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorInfo;

/** Finds which inputs of a program its outputs need. */
final class InputsOf {

    private InputsOf() {}

    static List<TensorSpec> outputs(Program program, Collection<String> outputs) {
        if (outputs.size() == program.signature().outputs().size() && program.form() == Program.Form.GRAPH_DEF) {
            return program.signature().inputs(); // a graph's signature lists no others
        }
        Map<String, TensorInfo> infos = program.signatureDef().getOutputsMap();
        List<String> fetches = infos.entrySet().stream()
                .filter(info -> outputs.contains(info.getKey()))
                .map(info -> GraphClosure.operationOf(info.getValue().getName()))
                .toList();
        Set<String> needed = new HashSet<>();
        for (NodeDef node : GraphClosure.of(ProgramGraph.of(program), fetches).nodes()) {
            needed.add(node.getName());
        }
        return program.signature().inputs().stream()
                .filter(input -> needed.contains(GraphClosure.operationOf(
                        program.signatureDef().getInputsOrThrow(input.name()).getName())))
                .toList();
    }
}
