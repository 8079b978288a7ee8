package io.tensorbridge.tensor;

import java.util.List;
import java.util.Map;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** TensorFlow's signature protobuf, read with unknown ranks kept and in an order that is given. */
final class Signatures {

    private Signatures() {}

    static ProgramSignature read(SignatureDef signature, List<String> inputs, List<String> outputs) {
        return new ProgramSignature(specs(inputs, signature.getInputsMap()), specs(outputs, signature.getOutputsMap()));
    }

    /** Reads a signature whose order is lost, as in a saved model's map: by name. */
    static ProgramSignature read(SignatureDef signature) {
        return read(
                signature,
                signature.getInputsMap().keySet().stream().sorted().toList(),
                signature.getOutputsMap().keySet().stream().sorted().toList());
    }

    private static List<TensorSpec> specs(List<String> names, Map<String, TensorInfo> infos) {
        return names.stream()
                .map(name -> spec(name, infos.getOrDefault(name, TensorInfo.getDefaultInstance())))
                .toList();
    }

    private static TensorSpec spec(String name, TensorInfo info) {
        return new TensorSpec(name, info.getDtype(), Shapes.of(info.getTensorShape()));
    }

    /** Returns a signature with those inputs alone that a program is fed with: nothing hides behind one that never is. */
    static SignatureDef fed(SignatureDef all, ProgramSignature signature) {
        SignatureDef.Builder fed = all.toBuilder().clearInputs();
        signature.inputs().forEach(input -> fed.putInputs(input.name(), all.getInputsOrThrow(input.name())));
        return fed.build();
    }

    static TensorInfo info(String tensorName, TensorSpec spec) {
        return TensorInfo.newBuilder()
                .setName(tensorName)
                .setDtype(spec.elementType())
                .setTensorShape(Shapes.toProto(spec.shape()))
                .build();
    }
}
