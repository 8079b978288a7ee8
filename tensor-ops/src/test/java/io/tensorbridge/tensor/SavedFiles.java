package io.tensorbridge.tensor;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.tensor.ProgramDescription.SavedFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.tensorflow.proto.SignatureDef;

/** A saved program in memory, for tests to spoil. */
final class SavedFiles implements ModelTarget, ModelFolder {

    final SortedMap<String, byte[]> contents = new TreeMap<>();

    /** The paths, in the order in which their files were completed. */
    final List<String> written = new ArrayList<>();

    static SavedFiles of(Program program) {
        var files = new SavedFiles();
        program.save(files);
        return files;
    }

    SavedFiles copy() {
        var copy = new SavedFiles();
        contents.forEach((path, bytes) -> copy.contents.put(path, bytes.clone()));
        return copy;
    }

    Program load() {
        return Program.load(this).program();
    }

    byte[] bytes(String path) {
        return requireNonNull(contents.get(path));
    }

    /** Changes what the description says, as one does who can make its digest fit. */
    void describe(UnaryOperator<ProgramDescription> change) throws IOException {
        contents.put(
                SavedPaths.DESCRIPTION,
                DescriptionJson.write(change.apply(DescriptionJson.read(bytes(SavedPaths.DESCRIPTION)))));
    }

    static ProgramDescription with(
            ProgramDescription was,
            Program.Form form,
            List<String> inputs,
            List<String> outputs,
            SortedMap<String, SavedFile> files) {
        return new ProgramDescription(
                was.writtenBy(), was.name(), form, was.tags(), inputs, outputs, was.checks(), was.sha256(), files);
    }

    /** Changes a file, and what the description says of it. */
    void replace(String path, byte[] bytes) throws IOException {
        contents.put(path, bytes);
        describe(was -> {
            SortedMap<String, SavedFile> files = new TreeMap<>(was.files());
            files.put(
                    path, new SavedFile(bytes.length, ModelFiles.ofGraph(bytes).sha256(ModelFiles.GRAPH)));
            return with(was, was.form(), was.inputs(), was.outputs(), files);
        });
    }

    void signature(UnaryOperator<SignatureDef.Builder> change) throws IOException {
        replace(
                SavedPaths.SIGNATURE,
                change.apply(SignatureDef.parseFrom(bytes(SavedPaths.SIGNATURE)).toBuilder())
                        .build()
                        .toByteArray());
    }

    @Override
    public String location() {
        return "memory/saved";
    }

    @Override
    public OutputStream create(String path) {
        assert !contents.containsKey(path) : path;
        return new ByteArrayOutputStream() {
            @Override
            public void close() {
                contents.put(path, toByteArray());
                written.add(path);
            }
        };
    }

    @Override
    public SortedMap<String, Long> list() {
        SortedMap<String, Long> lengths = new TreeMap<>();
        contents.forEach((path, bytes) -> lengths.put(path, (long) bytes.length));
        return lengths;
    }

    @Override
    public InputStream open(String path) throws IOException {
        return new ByteArrayInputStream(bytes(path));
    }
}
