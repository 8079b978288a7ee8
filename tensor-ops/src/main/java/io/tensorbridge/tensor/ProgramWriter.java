package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.tensor.ProgramDescription.SavedFile;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Saves programs as files; see {@link SavedPaths}. */
final class ProgramWriter {

    private ProgramWriter() {}

    /**
     * Saves a program; the file without which the others are nothing is written last.
     *
     * @return the SHA-256 of the description, which is over all files
     */
    static String write(Program program, ModelTarget target) {
        try {
            return writeTo(program, target);
        } catch (ModelFileException e) {
            throw new ProgramException(what(program), String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw new ProgramException(
                    what(program),
                    "expected '%s' to take its files, found that it does not (%s). Try again, or save it elsewhere"
                            .formatted(target.location(), e.getMessage()),
                    e);
        }
    }

    static String what(Program program) {
        return "Cannot save program '%s'".formatted(program.name());
    }

    private static String writeTo(Program program, ModelTarget target) throws IOException {
        ModelFiles beside = beside(program);
        SortedMap<String, SavedFile> files = new TreeMap<>();
        describe(beside, "", files);
        describe(program.files(), SavedPaths.FILES, files);
        var description = new ProgramDescription(
                LibraryVersion.current(),
                program.name(),
                program.form(),
                program.tags(),
                names(program.signature().inputs()),
                names(program.signature().outputs()),
                new TreeMap<>(program.checks()),
                program.sha256(),
                files);
        byte[] json = DescriptionJson.write(description); // before there is a file of what cannot be described
        write(beside, "", target);
        write(program.files(), SavedPaths.FILES, target);
        try (OutputStream out = target.create(SavedPaths.DESCRIPTION)) {
            out.write(json);
        }
        return DescriptionJson.digest(description);
    }

    /** Returns what is no part of the program's own files. */
    private static ModelFiles beside(Program program) throws IOException {
        SortedMap<String, byte[]> contents = new TreeMap<>();
        contents.put(SavedPaths.SIGNATURE, ProtoBytes.of(program.signatureDef()));
        if (!program.warmUp().isEmpty()) {
            long bytes = 0;
            for (TensorValue value : program.warmUp().values()) {
                bytes += value.length();
                checkLength(SavedPaths.WARM_UP, bytes); // before there is a copy of it
            }
            contents.put(SavedPaths.WARM_UP, TensorProtos.write(program.warmUp()));
        }
        for (var content : contents.entrySet()) {
            checkLength(content.getKey(), content.getValue().length);
        }
        return ModelFiles.of(contents);
    }

    private static void checkLength(String path, long bytes) throws ModelFileException {
        if (bytes > SavedPaths.mostBytes(path)) {
            throw new ModelFileException(
                    "expected at most %d bytes in file '%s', found %d. Give it fewer outputs, or fewer rows to be warmed up with"
                            .formatted(SavedPaths.mostBytes(path), path, bytes));
        }
    }

    private static List<String> names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toList();
    }

    private static void describe(ModelFiles files, String prefix, SortedMap<String, SavedFile> descriptions) {
        files.paths()
                .forEach(
                        path -> descriptions.put(prefix + path, new SavedFile(files.length(path), files.sha256(path))));
    }

    private static void write(ModelFiles files, String prefix, ModelTarget target) throws IOException {
        for (String path : files.paths()) {
            try (OutputStream out = target.create(prefix + path)) {
                files.copyTo(path, out);
            }
        }
    }
}
