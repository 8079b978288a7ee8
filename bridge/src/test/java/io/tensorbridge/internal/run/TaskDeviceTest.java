package io.tensorbridge.internal.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.tensor.Device;
import io.tensorbridge.tensor.SessionOptions;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskDeviceTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);

    private static Map<String, ResourceInformation> gpus(String... addresses) {
        return Map.of("gpu", new ResourceInformation("gpu", addresses));
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "GPU"})
    void aTaskRunsOnTheGpuThatSparkGaveIt(Device device) {
        assertThat(TaskDevice.on(OPTIONS, device, gpus("3")))
                .isEqualTo(OPTIONS.device(device).gpu(3));
    }

    @Test
    void theFirstOfSeveralIsTaken() {
        assertThat(TaskDevice.on(OPTIONS, Device.GPU, gpus("2", "0")).gpu()).hasValue(2);
    }

    @ParameterizedTest
    @EnumSource
    void withoutOneItIsAsAskedFor(Device device) {
        assertThat(TaskDevice.on(OPTIONS, device, Map.of())).isEqualTo(OPTIONS.device(device));
        assertThat(TaskDevice.on(OPTIONS, device, gpus())).isEqualTo(OPTIONS.device(device));
    }

    @Test
    void onTheCpuAGpuIsLeftAlone() {
        assertThat(TaskDevice.on(OPTIONS, Device.CPU, gpus("GPU-5d3f"))).isEqualTo(OPTIONS.device(Device.CPU));
    }

    @ParameterizedTest
    @ValueSource(strings = {"GPU-5d3f", "-1", "", "0000000000"})
    void anAddressThatIsNoIndexIsAnError(String address) {
        assertThatThrownBy(() -> TaskDevice.on(OPTIONS, Device.AUTO, gpus(address)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "Invalid address of a GPU: must be its index, such as 0, found '%s'. Let the script of spark.executor.resource.gpu.discoveryScript give indices, or set spark.tensorbridge.device to cpu"
                                .formatted(address));
    }
}
