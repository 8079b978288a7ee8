package io.tensorbridge.internal.run;

import io.tensorbridge.tensor.Device;
import io.tensorbridge.tensor.SessionOptions;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;

/** Which device a task's session runs on: the GPU that Spark has given the task, if it has. */
final class TaskDevice {

    private static final String RESOURCE = "gpu";

    private TaskDevice() {}

    /**
     * Returns the options of a session for a task.
     *
     * @param options the session's other options
     * @param device what was asked for
     * @param resources what Spark has given the task; of several GPUs the first is taken
     * @throws IllegalStateException if the address of the GPU is no index
     */
    static SessionOptions on(SessionOptions options, Device device, Map<String, ResourceInformation> resources) {
        SessionOptions on = options.device(device);
        ResourceInformation gpu = resources.get(RESOURCE);
        if (device == Device.CPU || gpu == null || gpu.addresses().length == 0) {
            return on;
        }
        String address = gpu.addresses()[0];
        if (!address.matches("\\d{1,9}")) {
            throw new IllegalStateException(
                    "Invalid address of a GPU: must be its index, such as 0, found '%s'. Let the script of spark.executor.resource.gpu.discoveryScript give indices, or set spark.tensorbridge.device to cpu"
                            .formatted(address));
        }
        return on.gpu(Integer.parseInt(address));
    }
}
