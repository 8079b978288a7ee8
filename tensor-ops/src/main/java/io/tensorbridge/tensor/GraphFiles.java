package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Makes programs of files that hold a graph. */
final class GraphFiles {

    private GraphFiles() {}

    static Program read(
            ModelLoader loader, ModelSource source, String file, List<String> inputs, List<String> outputs) {
        byte[] bytes = source.protobuf(file);
        // the bytes as they are: a digest of the file holds whichever tensors are named
        ModelFiles files = ModelFiles.ofGraph(bytes);
        source.checkPin(files, loader.pinned());
        GraphDef graphDef = parse(source, file, bytes);
        ModelCheck.checkGraph(source.what(), graphDef, files.digest(), loader.policy());
        try (ImportedGraph graph = ImportedGraph.of(source, graphDef)) {
            SignatureDef signature = graph.signature(inputs, outputs);
            GraphClosure closure = closure(graphDef, signature);
            graph.checkInputs(signature, closure);
            ModelCheck.checkOutputs(
                    source.what(),
                    graphDef,
                    tensors(signature.getOutputsMap()),
                    tensors(signature.getInputsMap()),
                    loader.policy());
            return new Program(
                    source.name(),
                    Program.Form.GRAPH_DEF,
                    files,
                    List.of(),
                    signature,
                    Signatures.read(signature, inputs, outputs),
                    AliasSafety.firstOffender(closure),
                    loader.origin(source.name(), files));
        }
    }

    private static GraphDef parse(ModelSource source, String file, byte[] bytes) {
        try {
            return GraphDef.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw source.wrong(
                    "expected a serialised GraphDef, found file '%s' of %d bytes to be none (%s). Export it again, in binary form"
                            .formatted(file, bytes.length, e.getMessage()),
                    e);
        }
    }

    /** Returns what the outputs of a signature need, as far as its inputs. */
    static GraphClosure closure(GraphDef graph, SignatureDef signature) {
        return GraphClosure.of(graph, tensors(signature.getOutputsMap()), tensors(signature.getInputsMap()));
    }

    /** Returns the names of the tensors of a signature, each with its index. */
    static Set<String> tensors(Map<String, TensorInfo> infos) {
        return infos.values().stream()
                .map(TensorInfo::getName)
                .map(ProgramGraph::canonical)
                .collect(Collectors.toSet());
    }
}
