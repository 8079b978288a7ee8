package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.CheckpointWriter;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/**
 * The values of variables in the files of a checkpoint, of TensorFlow's V2 form; for the packages of training.
 *
 * <p>Safe for use by several threads.
 */
public final class VariableFiles {

    private final ModelSource source;
    private final ModelFiles files;
    private final CheckpointFiles checkpoint;
    private final String prefix;

    VariableFiles(ModelSource source, ModelFiles files, String prefix) {
        this.source = source;
        this.files = files;
        this.prefix = prefix;
        this.checkpoint = source.reading(() -> CheckpointFiles.read(files, prefix));
    }

    /**
     * Reads the index of a checkpoint, and checks that its data files are there and as they were written.
     *
     * @param folder where the files are; they are not needed afterwards
     * @param prefix what the names of the files begin with: {@code variables} for {@code variables.index}
     * @throws ProgramException if there is no such checkpoint, or it is not whole
     */
    public static VariableFiles of(ModelFolder folder, String prefix) {
        var source = new ModelSource("checkpoint", folder);
        source.list();
        var read = new VariableFiles(source, source.reading(() -> ModelFiles.copyOf(folder)), prefix);
        source.reading(() -> {
            read.checkpoint.checkValues();
            return read;
        });
        return read;
    }

    /** Returns the names of all that is stored. */
    public SortedSet<String> names() {
        return checkpoint.names();
    }

    /**
     * Checks that a variable is stored.
     *
     * @throws ProgramException if there is none of that name, or it is of another type or shape
     */
    public void check(String name, DataType type, Shape shape) {
        String expected = Shapes.describe(type, shape);
        if (checkpoint.typeOf(name).isEmpty()) {
            throw source.wrong(
                    "expected variable '%s' of %s, found none of that name in file '%s'. Name the checkpoint of this program"
                            .formatted(name, expected, CheckpointFiles.indexOf(prefix)));
        }
        String found = Shapes.describe(typeOf(name), shapeOf(name));
        if (!found.equals(expected)) {
            throw source.wrong(
                    "expected variable '%s' of %s, found %s in file '%s'. Name the checkpoint of this program"
                            .formatted(name, expected, found, CheckpointFiles.indexOf(prefix)));
        }
    }

    private DataType typeOf(String name) {
        return checkpoint.typeOf(name).orElse(DataType.DT_INVALID);
    }

    private Shape shapeOf(String name) {
        return Shapes.of(checkpoint.shapeOf(name).orElse(TensorShapeProto.getDefaultInstance()));
    }

    /**
     * Reads values.
     *
     * @param names of variables that are stored
     * @return what was read, on the heap
     * @throws ProgramException if one is not there, not as it was written, or of a kind that has no such form
     */
    public SortedMap<String, TensorValue> values(Collection<String> names) {
        SortedMap<String, TensorValue> values = new TreeMap<>();
        names.forEach(name -> values.put(name, value(name)));
        return values;
    }

    TensorValue value(String name) {
        byte[] bytes = source.reading(() -> checkpoint.valuesOf(name));
        try {
            return TensorValue.of(typeOf(name), shapeOf(name).asArray(), bytes, new byte[0][]);
        } catch (IllegalArgumentException | UnsupportedOperationException | ArithmeticException e) {
            throw source.wrong(
                    "expected variable '%s' to have the values that its shape %s says, found others (%s). Save it again"
                            .formatted(name, Shapes.describe(typeOf(name), shapeOf(name)), e.getMessage()),
                    e);
        }
    }

    /**
     * Copies the files as they are.
     *
     * @param newPrefix what the names of the copies begin with
     * @throws IOException if one cannot be read or written
     */
    public void copyTo(ModelTarget target, String newPrefix) throws IOException {
        for (String path : checkpoint.paths()) {
            try (OutputStream out = target.create(newPrefix + path.substring(prefix.length()))) {
                files.copyTo(path, out);
            }
        }
    }

    /**
     * Writes values as the files of a checkpoint.
     *
     * @param values by name; numbers or booleans
     * @param prefix what the names of the files begin with
     * @throws IOException if a file cannot be written
     */
    public static void write(Map<String, TensorValue> values, ModelTarget target, String prefix) throws IOException {
        SortedMap<String, CheckpointWriter.Tensor> tensors = new TreeMap<>();
        values.forEach((name, value) -> {
            if (value.elementType() == DataType.DT_STRING) {
                throw new IllegalArgumentException(
                        "Cannot save variable '%s': expected numbers, found %s".formatted(name, value));
            }
            tensors.put(
                    name,
                    new CheckpointWriter.Tensor(value.elementType(), Shapes.toProto(value.shape()), value.bytes()));
        });
        CheckpointWriter.write(tensors, target, prefix);
    }
}
