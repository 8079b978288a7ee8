package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.types.TFloat32;

@ExtendWith(NativeMemoryExtension.class)
class DevicesTest {

    private static final SessionOptions OPTIONS = SessionOptions.onCallingThread(1);
    private static final String GPU = "/device:GPU:1";

    private static Program negation() {
        return Program.build(
                tf -> Program.outputs("y", tf.math.neg(Program.placeholder(tf, "x", TFloat32.class, Shape.of(-1)))));
    }

    @Test
    void findsTheCpu() {
        assertThat(Devices.names(OPTIONS)).contains("CPU:0");
        try (var session = ProgramSession.load(negation(), OPTIONS.device(Device.CPU))) {
            assertThat(session.device()).isEqualTo("CPU:0");
        }
    }

    @Test
    void refusesAGpuThatIsNotThere() {
        assertThatThrownBy(() -> ProgramSession.load(
                        negation(), OPTIONS.device(Device.GPU).gpu(7)))
                .isInstanceOf(ProgramException.class)
                .hasMessage(
                        "Cannot load program 'y': expected device GPU:7, found %s. Set spark.tensorbridge.device to cpu, or run where there is a GPU, with a -gpu classifier of tensorflow-core-native on the class path"
                                .formatted(Devices.names(OPTIONS)));
    }

    @Test
    void takesTheCpuWhereNoGpuIsAndNoneWasAskedFor() {
        assumeTrue(Devices.names(OPTIONS).stream().noneMatch(name -> name.startsWith("GPU")));
        try (var session =
                ProgramSession.load(negation(), OPTIONS.device(Device.AUTO).gpu(0))) {
            assertThat(session.device()).isEqualTo("CPU:0");
        }
    }

    @Test
    void placesWhatSaysNothingOfADevice() throws InvalidProtocolBufferException {
        GraphDef graph = GraphDef.newBuilder()
                .addNode(NodeDef.newBuilder().setName("a").setOp("NoOp"))
                .addNode(NodeDef.newBuilder().setName("b").setOp("NoOp").setDevice("/device:CPU:0"))
                .build();
        GraphDef placed = GraphDef.parseFrom(Placement.ofGraph(graph.toByteArray(), GPU));
        assertThat(placed.getNodeList()).extracting(NodeDef::getDevice).containsExactly(GPU, "/device:CPU:0");
        SavedModel model = SavedModel.newBuilder()
                .addMetaGraphs(MetaGraphDef.newBuilder().setGraphDef(graph))
                .addMetaGraphs(MetaGraphDef.newBuilder().setGraphDef(graph))
                .build();
        SavedModel placedModel = SavedModel.parseFrom(Placement.ofSavedModel(model.toByteArray(), GPU));
        assertThat(placedModel.getMetaGraphsList())
                .extracting(MetaGraphDef::getGraphDef)
                .containsExactly(placed, placed);
    }

    @Test
    void theCpuAloneHidesTheGpus() throws InvalidProtocolBufferException {
        ConfigProto cpu = ConfigProto.parseFrom(OPTIONS.device(Device.CPU).toConfig());
        assertThat(cpu.getDeviceCountMap()).containsExactly(java.util.Map.entry("GPU", 0));
        ConfigProto gpu = ConfigProto.parseFrom(OPTIONS.gpu(1).toConfig());
        assertThat(gpu.getDeviceCountMap()).isEmpty();
        assertThat(gpu.getAllowSoftPlacement()).isTrue();
        assertThat(gpu.getGpuOptions().getAllowGrowth()).isTrue();
    }

    @Test
    void refusesAnIndexThatIsNone() {
        assertThatThrownBy(() -> OPTIONS.gpu(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid index of a GPU: must not be negative, found -1");
        assertThatThrownBy(() -> OPTIONS.device(Device.CPU).gpu(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid index of a GPU: must not be there on the CPU, found 0");
    }
}
