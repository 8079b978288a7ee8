package io.tensorbridge.model.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;

/** Constants that TensorFlow would take the process down for, or that are no values. */
final class Constants {

    private static final long MOST_VALUES = Integer.MAX_VALUE;
    private static final String EXPORT = "Export the model again";

    private Constants() {}

    /** Returns what is wrong with the constants of a node, if there is something. */
    static Optional<Finding> check(String where, NodeDef node) {
        return check(where, node.getAttrMap());
    }

    private static Optional<Finding> check(String where, Map<String, AttrValue> attributes) {
        for (Map.Entry<String, AttrValue> attribute : attributes.entrySet()) {
            AttrValue value = attribute.getValue();
            if (types(value).anyMatch(DataType.UNRECOGNIZED::equals)) {
                return Optional.of(new Finding(
                        where,
                        "'%s' to be a type of TensorFlow %s".formatted(attribute.getKey(), OperationList.TENSORFLOW),
                        "another",
                        EXPORT));
            }
            Optional<Finding> found = tensors(value)
                    .flatMap(tensor -> check(where, tensor).stream())
                    .findFirst()
                    // what is handed to a function may be a constant there
                    .or(() -> functions(value)
                            .flatMap(function -> check(where, function.getAttrMap()).stream())
                            .findFirst());
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static Optional<Finding> check(String where, TensorProto tensor) {
        if (tensor.getDtype() == DataType.UNRECOGNIZED || tensor.getDtype() == DataType.DT_RESOURCE) {
            return Optional.of(new Finding(where, "a constant of values", "one of " + tensor.getDtype(), EXPORT));
        }
        TensorShapeProto shape = tensor.getTensorShape();
        List<Long> dimensions =
                shape.getDimList().stream().map(TensorShapeProto.Dim::getSize).toList();
        if (shape.getUnknownRank() || dimensions.stream().anyMatch(size -> size < 0)) {
            return Optional.of(new Finding(
                    where,
                    "a constant of a known shape",
                    shape.getUnknownRank() ? "unknown rank" : "shape " + dimensions,
                    EXPORT));
        }
        boolean isEmpty = dimensions.contains(0L);
        long left = MOST_VALUES;
        for (long size : dimensions) {
            left = isEmpty ? left : left / size;
        }
        return left > 0
                ? Optional.empty()
                : Optional.of(new Finding(
                        where,
                        "a constant of at most %d values".formatted(MOST_VALUES),
                        "shape " + dimensions,
                        "Make it smaller in the model"));
    }

    private static Stream<DataType> types(AttrValue value) {
        return Stream.concat(
                value.hasType() ? Stream.of(value.getType()) : Stream.empty(), value.getList().getTypeList().stream());
    }

    private static Stream<NameAttrList> functions(AttrValue value) {
        return Stream.concat(
                value.hasFunc() ? Stream.of(value.getFunc()) : Stream.empty(), value.getList().getFuncList().stream());
    }

    private static Stream<TensorProto> tensors(AttrValue value) {
        return Stream.concat(
                value.hasTensor() ? Stream.of(value.getTensor()) : Stream.empty(),
                value.getList().getTensorList().stream());
    }
}
