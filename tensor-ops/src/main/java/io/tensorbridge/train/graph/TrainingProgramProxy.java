package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import io.tensorbridge.train.graph.TrainingProgram.Tensor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.Serial;
import java.io.Serializable;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.TensorProto;

/** A training program as bytes: how it travels, and what its digest is of. */
final class TrainingProgramProxy implements Serializable {

    private final byte[] bytes;

    private TrainingProgramProxy(byte[] bytes) {
        this.bytes = bytes;
    }

    static TrainingProgramProxy of(TrainingProgram program) {
        return new TrainingProgramProxy(write(program));
    }

    static String sha256(TrainingProgram program) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(write(program)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    private static byte[] write(TrainingProgram program) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            write(out, deterministic(program.graph()));
            out.writeInt(program.inputs().size());
            for (TensorSpec input : program.inputs()) {
                out.writeUTF(input.name());
                out.writeInt(input.elementType().getNumber());
                write(out, input.shape());
            }
            out.writeInt(program.variables().size());
            for (TrainedVariable variable : program.variables()) {
                write(out, variable);
            }
            write(out, program.training());
            write(out, program.evaluation());
            write(out, program.gradients());
            write(out, program.updates());
            write(out, program.outputs());
            out.writeInt(program.ranges().size());
            for (ValueRange range : program.ranges()) {
                out.writeUTF(range.input());
                out.writeLong(range.least());
                out.writeLong(range.bound());
            }
        } catch (IOException e) {
            throw new IllegalStateException("Cannot write to memory", e);
        }
        return bytes.toByteArray();
    }

    private static byte[] deterministic(GraphDef graph) throws IOException {
        var bytes = new byte[graph.getSerializedSize()];
        var out = com.google.protobuf.CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization(); // maps in the order of their keys
        graph.writeTo(out);
        return bytes;
    }

    private static void write(DataOutputStream out, TrainedVariable variable) throws IOException {
        out.writeUTF(variable.name());
        out.writeUTF(variable.handle());
        out.writeInt(variable.elementType().getNumber());
        write(out, variable.shape());
        out.writeUTF(variable.role().name());
        String initialiser = variable.initialiser();
        out.writeUTF(initialiser == null ? "" : initialiser);
        TensorProto value = variable.value();
        write(out, value == null ? new byte[0] : value.toByteArray());
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static void write(DataOutputStream out, Shape shape) throws IOException {
        out.writeInt(shape.numDimensions());
        for (long dimension : shape.asArray()) {
            out.writeLong(dimension);
        }
    }

    private static void write(DataOutputStream out, Objective objective) throws IOException {
        out.writeUTF(objective.loss());
        write(out, objective.metrics());
    }

    private static void write(DataOutputStream out, List<Tensor> tensors) throws IOException {
        out.writeInt(tensors.size());
        for (Tensor tensor : tensors) {
            out.writeUTF(tensor.name());
            out.writeUTF(tensor.tensor());
        }
    }

    private static void write(DataOutputStream out, Map<String, String> tensors) throws IOException {
        out.writeInt(tensors.size());
        for (var tensor : tensors.entrySet()) {
            out.writeUTF(tensor.getKey());
            out.writeUTF(tensor.getValue());
        }
    }

    @Serial
    private Object readResolve() throws InvalidObjectException {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            GraphDef graph = GraphDef.parseFrom(bytes(in));
            List<TensorSpec> inputs = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                inputs.add(new TensorSpec(in.readUTF(), type(in), shape(in)));
            }
            List<TrainedVariable> variables = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                variables.add(variable(in));
            }
            Objective training = new Objective(in.readUTF(), tensors(in));
            Objective evaluation = new Objective(in.readUTF(), tensors(in));
            SortedMap<String, String> gradients = named(in);
            SortedMap<String, String> updates = named(in);
            List<Tensor> outputs = tensors(in);
            List<ValueRange> ranges = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                ranges.add(new ValueRange(in.readUTF(), in.readLong(), in.readLong()));
            }
            return new TrainingProgram(
                    graph, inputs, variables, training, evaluation, gradients, updates, outputs, ranges);
        } catch (IOException | RuntimeException e) {
            var invalid = new InvalidObjectException("Cannot read a training program: " + e.getMessage());
            invalid.initCause(e);
            throw invalid;
        }
    }

    private static TrainedVariable variable(DataInputStream in) throws IOException {
        String name = in.readUTF();
        String handle = in.readUTF();
        DataType type = type(in);
        Shape shape = shape(in);
        var role = TrainedVariable.Role.valueOf(in.readUTF());
        String initialiser = in.readUTF();
        byte[] value = bytes(in);
        @Nullable TensorProto first = value.length == 0 ? null : TensorProto.parseFrom(value);
        return new TrainedVariable(name, handle, type, shape, role, initialiser.isEmpty() ? null : initialiser, first);
    }

    private static DataType type(DataInputStream in) throws IOException {
        int number = in.readInt();
        DataType type = DataType.forNumber(number);
        if (type == null) {
            throw new IOException("expected the number of a type, found " + number);
        }
        return type;
    }

    private static byte[] bytes(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt());
    }

    private static Shape shape(DataInputStream in) throws IOException {
        long[] dimensions = new long[in.readInt()];
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = in.readLong();
        }
        return Shape.of(dimensions);
    }

    private static List<Tensor> tensors(DataInputStream in) throws IOException {
        List<Tensor> tensors = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            tensors.add(new Tensor(in.readUTF(), in.readUTF()));
        }
        return tensors;
    }

    private static SortedMap<String, String> named(DataInputStream in) throws IOException {
        SortedMap<String, String> named = new TreeMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            named.put(in.readUTF(), in.readUTF());
        }
        return named;
    }
}
