package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
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
        for (NodeDef node : GraphClosure.of(graphOf(program), fetches).nodes()) {
            needed.add(node.getName());
        }
        return program.signature().inputs().stream()
                .filter(input -> needed.contains(GraphClosure.operationOf(
                        program.signatureDef().getInputsOrThrow(input.name()).getName())))
                .toList();
    }

    private static GraphDef graphOf(Program program) {
        try {
            if (program.form() == Program.Form.GRAPH_DEF) {
                return GraphDef.parseFrom(contents(program, ProgramFiles.GRAPH));
            }
            return SavedModelReader.metaGraph(
                            "Cannot load model '%s'".formatted(program.name()),
                            SavedModel.parseFrom(contents(program, ProgramFiles.SAVED_MODEL)),
                            program.tags())
                    .getGraphDef();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("Program without a readable graph: " + program, e);
        }
    }

    private static byte[] contents(Program program, String file) {
        byte @Nullable [] bytes = program.files().contents().get(file);
        if (bytes == null) {
            throw new IllegalStateException("Program without " + file + ": " + program);
        }
        return bytes;
    }
}
