package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.RenamedFiles;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;

/**
 * Makes programs of a checkpoint and the metagraph beside it, as TensorFlow's {@code Saver} writes them.
 *
 * <p>They are made into a saved model, whose loader restores variables in the same way: by what the metagraph says of its
 * saver.
 */
final class CheckpointReader {

    private CheckpointReader() {}

    static Program read(ModelLoader loader, ModelSource source, String prefix) {
        SavedModelReader.Model model = model(loader, source, prefix);
        return SavedModelReader.program(
                source, model, SavedModelReader.signature(source, model.metaGraph(), loader.signature()));
    }

    static Program read(
            ModelLoader loader, ModelSource source, String prefix, List<String> inputs, List<String> outputs) {
        SavedModelReader.Model model = model(loader, source, prefix);
        try (ImportedGraph graph = ImportedGraph.of(source, model.metaGraph().getGraphDef())) {
            SignatureDef signature = graph.signature(inputs, outputs);
            graph.checkInputs(signature, GraphFiles.closure(model.metaGraph().getGraphDef(), signature));
            return SavedModelReader.program(source, model, signature, Signatures.read(signature, inputs, outputs));
        }
    }

    private static SavedModelReader.Model model(ModelLoader loader, ModelSource source, String prefix) {
        String metaPath = prefix + ".meta";
        MetaGraphDef metaGraph = parse(source, metaPath, source.protobuf(metaPath));
        var tagged = metaGraph.toBuilder();
        tagged.getMetaInfoDefBuilder().clearTags().addAllTags(ModelLoader.SERVE);
        byte[] savedModel = ProtoBytes.of(SavedModel.newBuilder()
                .setSavedModelSchemaVersion(1)
                .addMetaGraphs(tagged)
                .build());
        ModelFolder variables = variables(source, prefix);
        ModelFiles files = source.reading(() -> ModelFiles.copyOf(variables)).with(ModelFiles.SAVED_MODEL, savedModel);
        source.checkPin(files, loader.pinned());
        return SavedModelReader.model(source, files, ModelLoader.SERVE, loader);
    }

    private static ModelFolder variables(ModelSource source, String prefix) {
        SortedMap<String, String> paths = new TreeMap<>();
        for (String path : source.list().keySet()) {
            if (path.equals(CheckpointFiles.indexOf(prefix)) || path.startsWith(prefix + ".data-")) {
                paths.put("variables/variables" + path.substring(prefix.length()), path);
            }
        }
        if (!paths.containsValue(CheckpointFiles.indexOf(prefix))) {
            throw source.wrong(
                    "expected file '%s', since the model has variables, found no such file. Copy all files of the checkpoint"
                            .formatted(CheckpointFiles.indexOf(prefix)));
        }
        return new RenamedFiles(source.folder(), paths);
    }

    private static MetaGraphDef parse(ModelSource source, String file, byte[] bytes) {
        try {
            return MetaGraphDef.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw source.wrong(
                    "expected a metagraph, found file '%s' of %d bytes to be none (%s). Save the checkpoint again"
                            .formatted(file, bytes.length, e.getMessage()),
                    e);
        }
    }
}
