package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** Reads saved models off a directory, and checks what TensorFlow's own loader finds out late or says wrongly. */
final class SavedModelReader {

    private static final Set<String> VARIABLES = Set.of("VarHandleOp", "VariableV2", "Variable");

    private SavedModelReader() {}

    static Program read(Path directory, List<String> tags, String signatureKey) {
        Path fileName = directory.toAbsolutePath().normalize().getFileName();
        String name = fileName == null ? "model" : fileName.toString();
        String what = "Cannot load model '%s'".formatted(name);
        if (!Files.isDirectory(directory)) {
            throw new ProgramException(
                    what, "expected a directory that holds saved_model.pb, found no directory %s".formatted(directory));
        }
        ModelFiles files;
        try {
            files = ModelFiles.copyOf(ModelFolder.of(directory));
        } catch (IOException e) {
            throw new ProgramException(what, "cannot read %s (%s)".formatted(directory, e.getMessage()), e);
        }
        SavedModel model = parse(what, directory, files);
        ModelCheck.check(what, model, files.digest(), ModelPolicy.standard());
        MetaGraphDef metaGraph = metaGraph(what, model, tags);
        SignatureDef signature = signature(what, metaGraph, signatureKey);
        ModelCheck.checkOutputs(
                what,
                metaGraph.getGraphDef(),
                signature.getOutputsMap().values().stream()
                        .map(TensorInfo::getName)
                        .toList(),
                Set.of(),
                ModelPolicy.standard());
        GraphClosure closure = GraphClosure.of(
                metaGraph.getGraphDef(),
                signature.getOutputsMap().values().stream()
                        .map(info -> GraphClosure.operationOf(info.getName()))
                        .toList());
        checkVariables(what, closure, files);
        return new Program(
                name,
                Program.Form.SAVED_MODEL,
                files,
                tags,
                signature,
                Signatures.read(signature),
                AliasSafety.firstOffender(closure));
    }

    private static SavedModel parse(String what, Path directory, ModelFiles files) {
        if (!files.contains(ModelFiles.SAVED_MODEL)) {
            throw new ProgramException(
                    what, "expected saved_model.pb in %s, found %s".formatted(directory, files.paths()));
        }
        byte[] bytes = files.bytes(ModelFiles.SAVED_MODEL);
        if (bytes.length == 0) {
            throw new ProgramException(
                    what, "expected a saved model, found saved_model.pb to be empty. Export it again");
        }
        try {
            return SavedModel.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new ProgramException(
                    what,
                    "expected a saved model, found saved_model.pb of %d bytes to be corrupt (%s). Export it again"
                            .formatted(bytes.length, e.getMessage()),
                    e);
        }
    }

    static MetaGraphDef metaGraph(String what, SavedModel model, List<String> tags) {
        for (MetaGraphDef metaGraph : model.getMetaGraphsList()) {
            if (new HashSet<>(metaGraph.getMetaInfoDef().getTagsList()).equals(new HashSet<>(tags))) {
                return metaGraph;
            }
        }
        throw new ProgramException(
                what,
                "expected a metagraph tagged %s, found %s"
                        .formatted(
                                tags,
                                model.getMetaGraphsList().stream()
                                        .map(metaGraph ->
                                                metaGraph.getMetaInfoDef().getTagsList())
                                        .toList()));
    }

    private static SignatureDef signature(String what, MetaGraphDef metaGraph, String key) {
        SignatureDef signature = metaGraph.getSignatureDefMap().get(key);
        if (signature == null) {
            throw new ProgramException(
                    what,
                    "expected a signature '%s', found %s. Name one with fromSavedModel(path, \"…\")"
                            .formatted(
                                    key,
                                    new TreeSet<>(metaGraph.getSignatureDefMap().keySet())));
        }
        if (signature.getOutputsCount() == 0) {
            throw new ProgramException(what, "signature '%s' has no outputs".formatted(key));
        }
        Set<String> operations = new HashSet<>();
        metaGraph.getGraphDef().getNodeList().forEach(node -> operations.add(node.getName()));
        Stream.concat(signature.getInputsMap().entrySet().stream(), signature.getOutputsMap().entrySet().stream())
                .forEach(entry -> checkInfo(what, entry.getKey(), entry.getValue(), operations));
        Set<String> fed = new HashSet<>();
        signature.getInputsMap().values().forEach(input -> fed.add(input.getName()));
        signature.getOutputsMap().forEach((name, output) -> {
            if (fed.contains(output.getName())) {
                throw new ProgramException(
                        what,
                        "output '%s' of signature '%s' is an input as well, which TensorFlow does not hand back. Export the model with an identity there"
                                .formatted(name, key));
            }
        });
        return signature;
    }

    private static void checkInfo(String what, String name, TensorInfo info, Set<String> operations) {
        if (info.getName().isEmpty() || info.getDtype() == DataType.DT_INVALID) {
            throw new ProgramException(
                    what,
                    "expected '%s' of the signature to be a dense tensor, found another encoding".formatted(name));
        }
        if (!operations.contains(GraphClosure.operationOf(info.getName()))
                || GraphClosure.indexOf(info.getName()) < 0) {
            throw new ProgramException(
                    what,
                    "expected tensor '%s', which its signature calls '%s', found none in its graph. Export it again"
                            .formatted(info.getName(), name));
        }
    }

    /** Without its variables TensorFlow loads a model all the same, and fails at the first run. */
    private static void checkVariables(String what, GraphClosure closure, ModelFiles files) {
        boolean wanted = Stream.concat(closure.nodes().stream(), closure.functionNodes().stream())
                .map(NodeDef::getOp)
                .anyMatch(VARIABLES::contains);
        if (wanted && !files.contains(ModelFiles.VARIABLES_INDEX)) {
            throw new ProgramException(
                    what,
                    "expected %s, since the model has variables, found no such file. Copy the whole directory"
                            .formatted(ModelFiles.VARIABLES_INDEX));
        }
    }
}
