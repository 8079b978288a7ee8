package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.NamedTensorProto;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** Named values as a sequence of TensorFlow's {@code NamedTensorProto}, each with its length before it. */
final class TensorProtos {

    private TensorProtos() {}

    static byte[] write(Map<String, TensorValue> values) throws IOException {
        var out = new ByteArrayOutputStream();
        for (var value : new TreeMap<>(values).entrySet()) {
            NamedTensorProto.newBuilder()
                    .setName(value.getKey())
                    .setTensor(tensor(value.getValue()))
                    .build()
                    .writeDelimitedTo(out);
        }
        return out.toByteArray();
    }

    static TensorProto tensor(TensorValue value) {
        var tensor =
                TensorProto.newBuilder().setDtype(value.elementType()).setTensorShape(Shapes.toProto(value.shape()));
        for (byte[] string : value.strings()) {
            tensor.addStringVal(ByteString.copyFrom(string));
        }
        return tensor.setTensorContent(ByteString.copyFrom(value.bytes())).build();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException if these are no such values
     */
    static Map<String, TensorValue> read(byte[] bytes) throws IOException {
        Map<String, TensorValue> values = new TreeMap<>();
        var in = new ByteArrayInputStream(bytes);
        for (var next = NamedTensorProto.parseDelimitedFrom(in);
                next != null;
                next = NamedTensorProto.parseDelimitedFrom(in)) {
            values.put(next.getName(), value(next.getTensor()));
        }
        return values;
    }

    private static TensorValue value(TensorProto tensor) throws IOException {
        long[] dimensions = tensor.getTensorShape().getDimList().stream()
                .mapToLong(TensorShapeProto.Dim::getSize)
                .toArray();
        byte[][] strings =
                tensor.getStringValList().stream().map(ByteString::toByteArray).toArray(byte[][]::new);
        try {
            return TensorValue.of(
                    tensor.getDtype(), dimensions, tensor.getTensorContent().toByteArray(), strings);
        } catch (IllegalArgumentException | UnsupportedOperationException | ArithmeticException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
