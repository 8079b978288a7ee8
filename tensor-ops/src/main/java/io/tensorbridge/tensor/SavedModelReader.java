package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Makes programs of saved models, and checks what TensorFlow's own loader finds out late or says wrongly. */
final class SavedModelReader {

    private SavedModelReader() {}

    /** The files of a saved model, the metagraph of theirs that was asked for, and what asked for it. */
    record Model(ModelFiles files, MetaGraphDef metaGraph, List<String> tags, ModelLoader loader) {}

    static Program read(ModelLoader loader, ModelSource source) {
        ModelFiles files = source.savedModel();
        source.checkPin(files, loader.pinned());
        Model model = model(source, files, loader.tags(), loader);
        SignatureDef signature = signature(source, model.metaGraph(), loader.signature());
        try (ImportedGraph graph = ImportedGraph.of(source, model.metaGraph().getGraphDef())) {
            graph.check(signature);
        }
        return program(source, model, signature);
    }

    static ModelSignatures signatures(ModelSource source) {
        return ModelSignatures.of(source.name(), parse(source, source.protobufOfSavedModel()));
    }

    /** Holds a saved model to a policy, and finds the metagraph that has these tags. */
    static Model model(ModelSource source, ModelFiles files, List<String> tags, ModelLoader loader) {
        SavedModel model = parse(source, source.reading(() -> files.bytes(ModelFiles.SAVED_MODEL)));
        MetaGraphDef metaGraph = metaGraph(source, model, tags);
        ModelCheck.check(source.what(), model, files.digest(), loader.policy());
        CallNames.problemOf(metaGraph.getGraphDef()).ifPresent(problem -> {
            throw source.wrong(problem);
        });
        return new Model(files, metaGraph, tags, loader);
    }

    /** Makes a program of a signature whose order is lost, and checks that the variables are there that it needs. */
    static Program program(ModelSource source, Model model, SignatureDef signature) {
        return program(source, model, signature, Signatures.read(signature));
    }

    static Program program(ModelSource source, Model model, SignatureDef signatureDef, ProgramSignature signature) {
        GraphClosure closure = GraphFiles.closure(model.metaGraph().getGraphDef(), signatureDef);
        ModelCheck.checkOutputs(
                source.what(),
                model.metaGraph().getGraphDef(),
                GraphFiles.tensors(signatureDef.getOutputsMap()),
                GraphFiles.tensors(signatureDef.getInputsMap()),
                model.loader().policy());
        new VariableCheck(source, model.metaGraph(), model.files()).check(closure);
        return new Program(
                source.name(),
                Program.Form.SAVED_MODEL,
                model.files(),
                model.tags(),
                signatureDef,
                signature,
                AliasSafety.firstOffender(closure),
                model.loader().origin(source.name(), model.files().digest()));
    }

    private static SavedModel parse(ModelSource source, byte[] bytes) {
        try {
            return SavedModel.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw source.wrong(
                    "expected a saved model, found file '%s' of %d bytes to be corrupt (%s). Copy it again, or export it again"
                            .formatted(ModelFiles.SAVED_MODEL, bytes.length, e.getMessage()),
                    e);
        }
    }

    private static MetaGraphDef metaGraph(ModelSource source, SavedModel model, List<String> tags) {
        return find(model, tags).orElseThrow(() -> {
            List<List<String>> found = model.getMetaGraphsList().stream()
                    .map(metaGraph -> List.copyOf(metaGraph.getMetaInfoDef().getTagsList()))
                    .toList();
            return source.wrong("expected a metagraph tagged %s, found %s. %s"
                    .formatted(
                            tags,
                            found,
                            found.isEmpty()
                                    ? "Export the model again"
                                    : "Name one with tags(\"%s\")".formatted(String.join("\", \"", found.get(0)))));
        });
    }

    /** Returns the metagraph with these tags and no others. */
    static Optional<MetaGraphDef> find(SavedModel model, List<String> tags) {
        Set<String> wanted = new HashSet<>(tags);
        return model.getMetaGraphsList().stream()
                .filter(metaGraph -> new HashSet<>(metaGraph.getMetaInfoDef().getTagsList()).equals(wanted))
                .findFirst();
    }

    static SignatureDef signature(ModelSource source, MetaGraphDef metaGraph, String key) {
        SignatureDef signature = metaGraph.getSignatureDefMap().get(key);
        if (signature == null) {
            List<String> known = ModelSignatures.namesOf(metaGraph);
            throw source.wrong("expected a signature '%s', found %s. %s"
                    .formatted(
                            key,
                            known,
                            known.isEmpty()
                                    ? "Export the model with one"
                                    : "Name one with signature(\"%s\")".formatted(known.get(0))));
        }
        if (signature.getOutputsCount() == 0) {
            throw source.wrong("expected outputs of signature '%s', found none. Name another with signature(\"…\")"
                    .formatted(key));
        }
        check(source, metaGraph.getGraphDef(), key, signature);
        return signature;
    }

    /** Checks that a signature means tensors of a graph that can be fed and fetched. */
    static void check(ModelSource source, GraphDef graph, String key, SignatureDef signature) {
        Set<String> operations = new HashSet<>();
        graph.getNodeList().forEach(node -> operations.add(node.getName()));
        Stream.concat(signature.getInputsMap().entrySet().stream(), signature.getOutputsMap().entrySet().stream())
                .forEach(entry -> checkInfo(source, entry.getKey(), entry.getValue(), operations));
        Set<String> fed = new HashSet<>();
        signature.getInputsMap().values().forEach(input -> fed.add(input.getName()));
        signature.getOutputsMap().forEach((name, output) -> {
            if (fed.contains(output.getName())) {
                throw source.wrong(
                        "expected output '%s' of signature '%s' to be computed, found an input, which TensorFlow does not hand back. Export the model with an identity there"
                                .formatted(name, key));
            }
        });
    }

    private static void checkInfo(ModelSource source, String name, TensorInfo info, Set<String> operations) {
        if (name.isBlank()) {
            throw source.wrong("expected names of inputs and outputs, found a blank one. Export the model again");
        }
        if (info.getName().isEmpty() || info.getDtype() == DataType.DT_INVALID) {
            throw source.wrong(
                    "expected '%s' of the signature to be a dense tensor, found another encoding. Export the model with a dense tensor there"
                            .formatted(name));
        }
        if (!operations.contains(GraphNames.operationOf(info.getName())) || GraphNames.indexOf(info.getName()) < 0) {
            throw source.wrong(
                    "expected tensor '%s', which its signature calls '%s', found none in its graph. Export it again"
                            .formatted(info.getName(), name));
        }
    }
}
