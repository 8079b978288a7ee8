package io.tensorbridge.tensor;

import com.google.protobuf.ByteString;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;

/** Attributes of nodes, in TensorFlow's protobuf. */
final class Attrs {

    private Attrs() {}

    static AttrValue type(DataType type) {
        return AttrValue.newBuilder().setType(type).build();
    }

    static AttrValue types(List<DataType> types) {
        var list = AttrValue.ListValue.newBuilder().addAllType(types);
        return AttrValue.newBuilder().setList(list).build();
    }

    static AttrValue shape(Shape shape) {
        return AttrValue.newBuilder().setShape(Shapes.toProto(shape)).build();
    }

    static AttrValue shapes(List<Shape> shapes) {
        var list = AttrValue.ListValue.newBuilder();
        shapes.forEach(shape -> list.addShape(Shapes.toProto(shape)));
        return AttrValue.newBuilder().setList(list).build();
    }

    static AttrValue integer(long value) {
        return AttrValue.newBuilder().setI(value).build();
    }

    static AttrValue text(String value) {
        return AttrValue.newBuilder().setS(ByteString.copyFromUtf8(value)).build();
    }

    static AttrValue texts(List<String> values) {
        var list = AttrValue.ListValue.newBuilder();
        values.forEach(value -> list.addS(ByteString.copyFromUtf8(value)));
        return AttrValue.newBuilder().setList(list).build();
    }

    static AttrValue function(String name) {
        var function = AttrValue.newBuilder();
        function.getFuncBuilder().setName(name);
        return function.build();
    }
}
