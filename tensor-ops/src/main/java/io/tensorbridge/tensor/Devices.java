package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteDeviceList;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListCount;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionListDevices;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.TF_DeviceList;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.GraphDef;

/** The devices that TensorFlow finds in this process. */
public final class Devices {

    private static final String PREFIX = "/device:"; // of /job:localhost/replica:0/task:0/device:GPU:0
    private static final String GPU = "GPU:";

    private static @Nullable List<String> known; // guarded by the class

    private Devices() {}

    /**
     * Returns the devices, such as {@code [CPU:0, GPU:0]}.
     *
     * @param options of the sessions to come, since the first session of a process decides on its threads
     */
    public static synchronized List<String> names(SessionOptions options) {
        List<String> names = known;
        if (names == null) {
            names = list(options);
            known = names;
        }
        return names;
    }

    /**
     * Throws if a GPU is asked for and there is none.
     *
     * @param what what cannot be done then
     */
    public static void require(String what, SessionOptions options) {
        if (options.device() == Device.GPU) {
            String wanted = GPU + options.gpu().orElse(0);
            List<String> found = names(options);
            if (!found.contains(wanted)) {
                throw new ProgramException(
                        what,
                        "expected device %s, found %s. Set spark.tensorbridge.device to cpu, or run where there is a GPU, with a -gpu classifier of tensorflow-core-native on the class path"
                                .formatted(wanted, found));
            }
        }
    }

    /** Returns the device that a session of these options runs on, such as {@code GPU:0} or {@code CPU:0}. */
    static String of(SessionOptions options) {
        String gpu = GPU + options.gpu().orElse(0);
        return options.device() != Device.CPU && names(options).contains(gpu) ? gpu : "CPU:0";
    }

    private static List<String> list(SessionOptions options) {
        String what = "Cannot list the devices of TensorFlow";
        TF_Status status = null;
        TF_DeviceList devices = null;
        try (var session = NativeSession.ofGraph(
                what,
                GraphDef.getDefaultInstance().toByteArray(),
                options.device(Device.AUTO).toConfig())) {
            status = TF_NewStatus();
            devices = TF_SessionListDevices(session.handle(), status);
            NativeSession.check(what, status);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < TF_DeviceListCount(devices); i++) {
                BytePointer found = TF_DeviceListName(devices, i, status);
                NativeSession.check(what, status); // before what is none then
                String name = found.getString(StandardCharsets.UTF_8);
                names.add(name.substring(name.indexOf(PREFIX) + PREFIX.length()));
            }
            return List.copyOf(names);
        } finally {
            if (devices != null) {
                TF_DeleteDeviceList(devices);
            }
            if (status != null) {
                TF_DeleteStatus(status);
            }
        }
    }
}
