package io.tensorbridge.model.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.tensorbridge.model.ModelTarget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/** Writes a checkpoint of TensorFlow's V2 form: one data file with the values of all tensors, then the index of them. */
public final class CheckpointWriter {

    private static final int FIRST = 1; // the number of a field: how many data files, the version, the type of a tensor

    private CheckpointWriter() {}

    /** A tensor to write: numbers of some kind. */
    public static final class Tensor {

        private final DataType type;
        private final TensorShapeProto shape;
        private final byte[] values;

        /**
         * @param values the elements one after the other, as they lie in a tensor's memory; not copied, and not to be changed
         */
        public Tensor(DataType type, TensorShapeProto shape, byte[] values) {
            this.type = type;
            this.shape = shape;
            this.values = values;
        }
    }

    /**
     * Writes a checkpoint.
     *
     * @param tensors by name
     * @param target where to
     * @param prefix what the names of its files begin with, such as {@code variables/variables}
     * @throws IOException if a file cannot be written
     */
    public static void write(SortedMap<String, Tensor> tensors, ModelTarget target, String prefix) throws IOException {
        SortedMap<ByteString, ByteString> index = new TreeMap<>(ByteString.unsignedLexicographicalComparator());
        index.put(ByteString.EMPTY, header());
        long offset = 0;
        try (OutputStream out = target.create(CheckpointFiles.shardOf(prefix, 0, 1))) {
            for (var named : tensors.entrySet()) {
                Tensor tensor = named.getValue();
                out.write(tensor.values);
                index.put(ByteString.copyFromUtf8(named.getKey()), entry(tensor, offset));
                offset += tensor.values.length;
            }
        }
        try (OutputStream out = target.create(CheckpointFiles.indexOf(prefix))) {
            out.write(BundleTable.write(index));
        }
    }

    /** One data file, little endian, of the first version of the format. */
    private static ByteString header() throws IOException {
        var version = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(version);
        out.writeInt32(FIRST, 1);
        out.flush();
        var bytes = new ByteArrayOutputStream();
        out = CodedOutputStream.newInstance(bytes);
        out.writeInt32(FIRST, 1);
        out.writeByteArray(3, version.toByteArray());
        out.flush();
        return ByteString.copyFrom(bytes.toByteArray());
    }

    private static ByteString entry(Tensor tensor, long offset) throws IOException {
        var bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeEnum(FIRST, tensor.type.getNumber());
        out.writeTag(2, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeMessageNoTag(tensor.shape);
        out.writeInt64(4, offset);
        out.writeInt64(5, tensor.values.length);
        out.writeFixed32(6, MaskedCrc.of(tensor.values, 0, tensor.values.length));
        out.flush();
        return ByteString.copyFrom(bytes.toByteArray());
    }
}
