package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.RenamedFiles;
import io.tensorbridge.tensor.ProgramDescription.SavedFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.proto.SignatureDef;

/**
 * Makes programs of saved ones; see {@link SavedPaths}.
 *
 * <p>A saved program is a model like any other: it is held to the loader's policy, and whatever can be found out of its graph
 * is found out anew.
 */
final class ProgramReader {

    private final ModelLoader loader;
    private final ModelSource source;
    private final SortedMap<String, Long> lengths;
    private final ProgramDescription description;
    private final String digest;

    private ProgramReader(ModelLoader loader, ModelSource source) throws IOException {
        this.loader = loader;
        this.source = source;
        this.lengths = source.list();
        this.description = DescriptionJson.read(descriptionBytes());
        this.digest = DescriptionJson.digest(description);
    }

    static Program read(ModelLoader loader, ModelSource source) {
        ProgramReader reader = source.reading(() -> new ProgramReader(loader, source));
        return reader.program();
    }

    private byte[] descriptionBytes() throws IOException {
        Long length = lengths.get(SavedPaths.DESCRIPTION);
        if (length == null) {
            throw lengths.containsKey(ModelFiles.SAVED_MODEL)
                    ? source.wrong("expected a saved program at '%s', found a saved model. Load it with savedModel()"
                            .formatted(source.folder().location()))
                    : source.wrong(
                            "expected file '%s' of a saved program at '%s', found %s. Mend the path, or save the program again"
                                    .formatted(
                                            SavedPaths.DESCRIPTION,
                                            source.folder().location(),
                                            ModelSource.some(lengths.keySet())));
        }
        if (length > DescriptionJson.MOST_BYTES) {
            throw source.wrong(
                    "expected at most %d bytes in file '%s', found %d. Copy it again, or save the program again"
                            .formatted(DescriptionJson.MOST_BYTES, SavedPaths.DESCRIPTION, length));
        }
        try (InputStream in = source.folder().open(SavedPaths.DESCRIPTION)) {
            return in.readNBytes(DescriptionJson.MOST_BYTES);
        }
    }

    private Program program() {
        source.checkPin(digest, loader.pinned());
        description.files().forEach(this::checkLength);
        SortedMap<String, String> beside = new TreeMap<>();
        SortedMap<String, String> own = new TreeMap<>();
        description.files().keySet().forEach(path -> {
            if (path.startsWith(SavedPaths.FILES)) {
                own.put(path.substring(SavedPaths.FILES.length()), path);
            } else {
                beside.put(path, path);
            }
        });
        ModelFiles descriptions = copyOf(beside);
        SignatureDef signatureDef = parse(descriptions);
        ProgramSignature signature = signature(signatureDef);
        ModelFiles files = copyOf(own);
        if (!files.digest().equals(description.sha256())) {
            throw changed("files of SHA-256 " + description.sha256(), files.digest());
        }
        Program program = switch (description.form()) {
            case SAVED_MODEL -> ofSavedModel(files, signatureDef, signature);
            case GRAPH_DEF -> ofGraph(files, signatureDef, signature);
        };
        return warmedUp(
                new Program(
                                description.name(),
                                program.form(),
                                files,
                                description.tags(),
                                signatureDef,
                                signature,
                                program.copiesInputsBecauseOf(),
                                loader.origin(description.name(), digest))
                        .withChecks(description.checks()),
                descriptions);
    }

    private Program warmedUp(Program program, ModelFiles descriptions) {
        if (!descriptions.contains(SavedPaths.WARM_UP)) {
            return program;
        }
        try {
            return program.warmUp(TensorProtos.read(descriptions.bytes(SavedPaths.WARM_UP)));
        } catch (IOException | SignatureMismatchException e) {
            throw source.wrong(
                    "expected values for its inputs in file '%s', found others (%s). Save the program again"
                            .formatted(SavedPaths.WARM_UP, e.getMessage()),
                    e);
        }
    }

    private void checkLength(String path, SavedFile file) {
        Long length = lengths.get(path);
        if (length == null) {
            throw source.wrong(
                    "expected file '%s', which %s lists, found none at '%s'. Copy all files of it, or save the program again"
                            .formatted(
                                    path,
                                    SavedPaths.DESCRIPTION,
                                    source.folder().location()));
        }
        if (length != file.bytes()) {
            throw source.wrong("expected %d bytes in file '%s', found %d. Copy it again, or save the program again"
                    .formatted(file.bytes(), path, length));
        }
    }

    /** Copies files, and holds each to its description. */
    private ModelFiles copyOf(SortedMap<String, String> paths) {
        ModelFiles files = source.reading(() -> ModelFiles.copyOf(new RenamedFiles(source.folder(), paths)));
        paths.forEach((path, saved) -> {
            String expected = requireNonNull(description.files().get(saved)).sha256();
            if (!files.sha256(path).equals(expected)) {
                throw changed("file '%s' of SHA-256 %s".formatted(saved, expected), files.sha256(path));
            }
        });
        return files;
    }

    private ProgramException changed(String expected, String found) {
        return source.wrong(
                "expected %s, found %s. Copy it again, or save the program again".formatted(expected, found));
    }

    private SignatureDef parse(ModelFiles descriptions) {
        try {
            return SignatureDef.parseFrom(descriptions.bytes(SavedPaths.SIGNATURE));
        } catch (InvalidProtocolBufferException e) {
            throw source.wrong(
                    "expected a signature in file '%s', found none (%s). Save the program again"
                            .formatted(SavedPaths.SIGNATURE, e.getMessage()),
                    e);
        }
    }

    private ProgramSignature signature(SignatureDef signature) {
        checkNames("input", description.inputs(), signature.getInputsMap());
        checkNames("output", description.outputs(), signature.getOutputsMap());
        if (description.outputs().isEmpty()) {
            throw source.wrong("expected an output in file '%s', found none. Save the program again"
                    .formatted(SavedPaths.DESCRIPTION));
        }
        return Signatures.read(signature, description.inputs(), description.outputs());
    }

    private void checkNames(String role, List<String> names, Map<String, ?> known) {
        for (String name : names) {
            if (!known.containsKey(name)) {
                throw source.wrong("expected %s '%s' in file '%s', found %s. Save the program again"
                        .formatted(role, name, SavedPaths.SIGNATURE, new TreeMap<>(known).keySet()));
            }
        }
    }

    private Program ofSavedModel(ModelFiles files, SignatureDef signatureDef, ProgramSignature signature) {
        if (!files.contains(ModelFiles.SAVED_MODEL)) {
            throw lacks(ModelFiles.SAVED_MODEL);
        }
        SavedModelReader.Model model = SavedModelReader.model(source, files, description.tags(), loader);
        SavedModelReader.check(source, model.metaGraph().getGraphDef(), SavedPaths.SIGNATURE, signatureDef);
        try (ImportedGraph graph = ImportedGraph.of(source, model.metaGraph().getGraphDef())) {
            graph.check(signatureDef);
        }
        return SavedModelReader.program(source, model, Signatures.fed(signatureDef, signature), signature);
    }

    private Program ofGraph(ModelFiles files, SignatureDef signatureDef, ProgramSignature signature) {
        if (!files.contains(ModelFiles.GRAPH)) {
            throw lacks(ModelFiles.GRAPH);
        }
        return GraphFiles.read(loader, source, SavedPaths.FILES + ModelFiles.GRAPH, files, signatureDef, signature);
    }

    private ProgramException lacks(String path) {
        return source.wrong(
                "expected file '%s%s', found none. Save the program again".formatted(SavedPaths.FILES, path));
    }
}
