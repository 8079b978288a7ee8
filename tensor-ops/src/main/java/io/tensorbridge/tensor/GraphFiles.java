package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
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
            graph.checkInputs(signature, closure(graphDef, signature));
            return program(loader, source, files, graphDef, signature, Signatures.read(signature, inputs, outputs));
        }
    }

    /**
     * Makes a program of the graph of a saved one.
     *
     * @param file the path of the graph, for messages
     * @param files the files of the program
     * @param signatureDef all inputs and outputs that it has or had
     * @param signature those that it has
     */
    static Program read(
            ModelLoader loader,
            ModelSource source,
            String file,
            ModelFiles files,
            SignatureDef signatureDef,
            ProgramSignature signature) {
        GraphDef graphDef = parse(source, file, source.reading(() -> files.bytes(ModelFiles.GRAPH)));
        ModelCheck.checkGraph(source.what(), graphDef, files.digest(), loader.policy());
        SavedModelReader.check(source, graphDef, SavedPaths.SIGNATURE, signatureDef);
        try (ImportedGraph graph = ImportedGraph.of(source, graphDef)) {
            graph.check(signatureDef);
        }
        SignatureDef fed = Signatures.fed(signatureDef, signature);
        Program program = program(loader, source, files, graphDef, fed, signature);
        checkFed(source, graphDef, fed, signature);
        return program;
    }

    /** Checks that the outputs of a saved program need no other placeholders than its inputs. */
    private static void checkFed(ModelSource source, GraphDef graph, SignatureDef fed, ProgramSignature signature) {
        List<String> outputs = signature.outputs().stream()
                .map(output -> fed.getOutputsOrThrow(output.name()).getName())
                .toList();
        for (NodeDef node :
                GraphClosure.of(graph, outputs, tensors(fed.getInputsMap())).nodes()) {
            if (node.getOp().equals("Placeholder")) {
                throw source.wrong(
                        "expected inputs for all that outputs %s need, found '%s' not among %s. Save the program again"
                                .formatted(names(signature.outputs()), node.getName(), names(signature.inputs())));
            }
        }
    }

    private static List<String> names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toList();
    }

    private static Program program(
            ModelLoader loader,
            ModelSource source,
            ModelFiles files,
            GraphDef graphDef,
            SignatureDef signatureDef,
            ProgramSignature signature) {
        ModelCheck.checkOutputs(
                source.what(),
                graphDef,
                tensors(signatureDef.getOutputsMap()),
                tensors(signatureDef.getInputsMap()),
                loader.policy());
        return new Program(
                source.name(),
                Program.Form.GRAPH_DEF,
                files,
                List.of(),
                signatureDef,
                signature,
                AliasSafety.firstOffender(closure(graphDef, signatureDef)),
                loader.origin(source.name(), files.digest()));
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
