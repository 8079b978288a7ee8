package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.ModelLimits;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The files of a model where they are, and what to say if they are not what they should be. */
final class ModelSource {

    private static final int LISTED = 20;
    private static final List<String> KERAS = List.of(".keras", ".h5", ".hdf5");

    private final String kind;
    private final ModelFolder folder;
    private final String name;

    ModelSource(ModelFolder folder) {
        this("model", folder);
    }

    /**
     * @param kind what messages call it
     */
    ModelSource(String kind, ModelFolder folder) {
        this.kind = kind;
        this.folder = folder;
        this.name = nameOf(folder.location());
    }

    /** Returns the last part of a location, without what says of which kind it is. */
    private static String nameOf(String location) {
        String path = location.replace('\\', '/').replaceFirst("/+$", "");
        String last = path.substring(path.lastIndexOf('/') + 1).replaceFirst("(?i)\\.(zip|pb|keras|h5|hdf5)$", "");
        return last.isBlank() || last.equals(".") || last.equals("..") ? "model" : last;
    }

    /** Returns the model's name, for programs to be named after. */
    String name() {
        return name;
    }

    /** Returns the beginning of messages. */
    String what() {
        return "Cannot load %s '%s'".formatted(kind, name);
    }

    ProgramException wrong(String reason) {
        return new ProgramException(what(), reason);
    }

    ProgramException wrong(String reason, Throwable cause) {
        return new ProgramException(what(), reason, cause);
    }

    /** What reads files. */
    interface Reading<T> {
        T read() throws IOException;
    }

    /** Reads, and says in a model's terms what goes wrong. */
    <T> T reading(Reading<T> reading) {
        try {
            return reading.read();
        } catch (ModelFileException e) {
            throw wrong(String.valueOf(e.getMessage()), e);
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw wrong("expected a model at '%s', found nothing there. Mend the path".formatted(folder.location()), e);
        } catch (AccessDeniedException e) {
            throw wrong(
                    "expected a model that can be read at '%s', found no permission. Let the driver's user read it"
                            .formatted(folder.location()),
                    e);
        } catch (IOException e) {
            throw wrong(
                    "expected a model that can be read at '%s', found that it cannot (%s). Try again, or copy it elsewhere"
                            .formatted(folder.location(), e.getMessage()),
                    e);
        }
    }

    /** Lists the files, and checks that they are no more than a model has. */
    SortedMap<String, Long> list() {
        SortedMap<String, Long> lengths = reading(folder::list);
        long total = lengths.values().stream().mapToLong(Long::longValue).sum();
        if (lengths.size() > ModelLimits.FILES || total > ModelLimits.BYTES) {
            throw wrong(
                    "expected a model of at most %d files and %d bytes at '%s', found %d files and %d bytes. Mend the path"
                            .formatted(ModelLimits.FILES, ModelLimits.BYTES, folder.location(), lengths.size(), total));
        }
        if (lengths.isEmpty()) {
            throw wrong("expected a model at '%s', found no file there. Mend the path, or export the model again"
                    .formatted(folder.location()));
        }
        return lengths;
    }

    /** Returns all files of a saved model. */
    ModelFiles savedModel() {
        SortedMap<String, Long> lengths = list();
        Long length = lengths.get(ModelFiles.SAVED_MODEL);
        if (length == null) {
            throw noSavedModel(lengths.keySet());
        }
        checkProtobuf(ModelFiles.SAVED_MODEL, length);
        return reading(() -> ModelFiles.copyOf(folder));
    }

    /** Returns the contents of the file that holds a saved model's graphs. */
    byte[] protobufOfSavedModel() {
        SortedMap<String, Long> lengths = list();
        if (!lengths.containsKey(ModelFiles.SAVED_MODEL)) {
            throw noSavedModel(lengths.keySet());
        }
        return protobuf(ModelFiles.SAVED_MODEL);
    }

    /** Returns the contents of a file that holds one protobuf. */
    byte[] protobuf(String path) {
        SortedMap<String, Long> lengths = list();
        Long length = lengths.get(path);
        if (length == null) {
            throw wrong("expected file '%s' at '%s', found %s. Name one of these"
                    .formatted(path, folder.location(), some(lengths.keySet())));
        }
        checkProtobuf(path, length);
        return reading(() -> {
            try (InputStream in = folder.open(path)) {
                return in.readAllBytes();
            }
        });
    }

    private void checkProtobuf(String path, long length) {
        if (length == 0) {
            throw wrong("expected a model in file '%s', found it to be empty. Export it again".formatted(path));
        }
        if (length > ModelLimits.PROTOBUF_BYTES) {
            throw wrong(
                    "expected at most %d bytes in file '%s', found %d. Keep large values as variables of a saved model"
                            .formatted(ModelLimits.PROTOBUF_BYTES, path, length));
        }
    }

    private ProgramException noSavedModel(Collection<String> paths) {
        if (paths.contains(SavedPaths.DESCRIPTION)) {
            return wrong("expected saved_model.pb at '%s', found a saved program. Load it with program()"
                    .formatted(folder.location()));
        }
        Optional<String> keras = first(paths, KERAS);
        if (keras.isPresent()) {
            return wrong(
                    "expected saved_model.pb, found file '%s' in Keras' own format. Export it with model.export(\"…\"), and load that"
                            .formatted(keras.get()));
        }
        Optional<String> below = paths.stream()
                .filter(path -> path.endsWith("/" + ModelFiles.SAVED_MODEL))
                .findFirst();
        if (below.isPresent()) {
            return wrong("expected saved_model.pb at '%s', found file '%s'. Load that folder"
                    .formatted(folder.location(), below.get()));
        }
        Optional<String> graph = first(paths, List.of(".pb"));
        if (graph.isPresent()) {
            return wrong("expected saved_model.pb at '%s', found file '%s'. Load a graph with graphDef(\"%s\", …)"
                    .formatted(folder.location(), graph.get(), graph.get()));
        }
        Optional<String> metaGraph = first(paths, List.of(".meta"));
        if (metaGraph.isPresent()) {
            String prefix = metaGraph.get().substring(0, metaGraph.get().length() - ".meta".length());
            return wrong("expected saved_model.pb at '%s', found file '%s'. Load a checkpoint with checkpoint(\"%s\")"
                    .formatted(folder.location(), metaGraph.get(), prefix));
        }
        return wrong("expected saved_model.pb at '%s', found %s. Mend the path, or export the model again"
                .formatted(folder.location(), some(paths)));
    }

    private static Optional<String> first(Collection<String> paths, List<String> endings) {
        return paths.stream()
                .filter(path -> endings.stream().anyMatch(path.toLowerCase(Locale.ROOT)::endsWith))
                .findFirst();
    }

    static String some(Collection<String> names) {
        List<String> first = names.stream().limit(LISTED).toList();
        return first + (names.size() > LISTED ? " and %d more".formatted(names.size() - LISTED) : "");
    }

    /**
     * Compares the digest of the files with the one that they are pinned to, before anything is made of them.
     *
     * @param pinned the digest in hexadecimal, or null if there is none
     */
    void checkPin(ModelFiles files, @Nullable String pinned) {
        checkPin(files.digest(), pinned);
    }

    /** Compares what identifies the files with what they are pinned to. */
    void checkPin(String digest, @Nullable String pinned) {
        if (pinned != null && !digest.equals(pinned)) {
            throw wrong("expected SHA-256 %s, found %s. Copy the model again, or pin what was found with sha256(\"…\")"
                    .formatted(pinned, digest));
        }
    }

    ModelFolder folder() {
        return folder;
    }
}
