package io.tensorbridge.model.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Where a checkpoint keeps a tensor: TensorFlow's BundleEntryProto, which TensorFlow Java has no class for.
 *
 * @param name the tensor's name; of a part of a tensor it is no text
 * @param type what its elements are
 * @param shape its shape
 * @param elements how many elements there are
 * @param shard which data file it is in
 * @param offset where it begins there, in bytes
 * @param size how many bytes it takes
 * @param crc its masked checksum
 * @param inParts whether its values stand under other names, part by part, and not here
 */
record BundleEntry(
        String name,
        DataType type,
        TensorShapeProto shape,
        long elements,
        int shard,
        long offset,
        long size,
        int crc,
        boolean inParts) {

    static BundleEntry read(BundleTable.Row row) throws IOException {
        DataType type = DataType.DT_INVALID;
        TensorShapeProto shape = TensorShapeProto.getDefaultInstance();
        int shard = 0;
        long offset = 0;
        long size = 0;
        int crc = 0;
        boolean inParts = false;
        CodedInputStream in = row.value().newCodedInput();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> type = typeOf(in.readEnum());
                case 2 -> shape = in.readMessage(TensorShapeProto.parser(), ExtensionRegistryLite.getEmptyRegistry());
                case 3 -> shard = in.readInt32();
                case 4 -> offset = in.readInt64();
                case 5 -> size = in.readInt64();
                case 6 -> crc = in.readFixed32();
                case 7 -> {
                    inParts = true;
                    in.skipField(tag);
                }
                default -> in.skipField(tag);
            }
        }
        return new BundleEntry(
                nameOf(row.key()), type, shape, elementsOf(shape), shard, offset, size, crc, inParts && size == 0);
    }

    /** Returns how many data files there are, by the header of the index. */
    static int shardsOf(BundleTable.Row header) throws IOException {
        int shards = 0;
        CodedInputStream in = header.value().newCodedInput();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == 1) {
                shards = in.readInt32();
            } else {
                in.skipField(tag);
            }
        }
        return shards;
    }

    private static DataType typeOf(int number) {
        DataType type = DataType.forNumber(number);
        return type == null ? DataType.UNRECOGNIZED : type;
    }

    private static String nameOf(ByteString key) {
        return key.isValidUtf8() ? key.toStringUtf8() : key.toString();
    }

    /** Returns how many elements a shape has, or -1 if there is no such number. */
    private static long elementsOf(TensorShapeProto shape) {
        long elements = 1;
        for (TensorShapeProto.Dim dim : shape.getDimList()) {
            long high = Math.multiplyHigh(elements, dim.getSize());
            elements *= dim.getSize();
            if (dim.getSize() < 0 || high != 0 || elements < 0) {
                return -1;
            }
        }
        return elements;
    }
}
