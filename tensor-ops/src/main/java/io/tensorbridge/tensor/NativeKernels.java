package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetRegisteredKernelsForOp;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.KernelList;

/** Which devices TensorFlow can run an operation on, in this process. Safe for use by several threads. */
final class NativeKernels {

    private static final Map<String, Set<String>> DEVICES = new ConcurrentHashMap<>(); // one entry a type of operation

    private NativeKernels() {}

    /** Returns the types of devices, such as {@code CPU}, in order; none if there is no kernel at all. */
    static Set<String> devicesOf(String op) {
        return DEVICES.computeIfAbsent(op, NativeKernels::find);
    }

    private static Set<String> find(String op) {
        TensorFlowRuntime.load();
        TF_Status status = TF_NewStatus();
        try (var name = new BytePointer(op, StandardCharsets.UTF_8)) {
            TF_Buffer buffer = TF_GetRegisteredKernelsForOp(name, status);
            try {
                NativeSession.check("Cannot find the kernels of " + op, status);
                Set<String> devices = new TreeSet<>();
                KernelList.parseFrom(buffer.copyData())
                        .getKernelList()
                        .forEach(kernel -> devices.add(kernel.getDeviceType()));
                return devices;
            } finally {
                if (buffer != null && !buffer.isNull()) {
                    TF_DeleteBuffer(buffer);
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("TensorFlow wrote a KernelList that is none", e);
        } finally {
            TF_DeleteStatus(status);
        }
    }
}
