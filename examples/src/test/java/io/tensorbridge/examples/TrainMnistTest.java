package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.train.graph.TrainingProgram;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(NativeMemoryExtension.class)
class TrainMnistTest {

    static List<Arguments> networks() {
        return List.of(
                Arguments.of("perceptron", (Supplier<TrainingProgram>) FashionNetwork::perceptron, 8),
                Arguments.of("convolutional", (Supplier<TrainingProgram>) FashionNetwork::convolutional, 3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void trainsOnPicturesAndScoresOthers(String name, Supplier<TrainingProgram> network, int epochs) {
        List<String> lines = Documentation.printedBy(args -> {
                    try (SparkSession spark = SparkSession.builder()
                            .master("local[2]")
                            .appName("TrainMnistTest")
                            .config("spark.ui.enabled", "false")
                            .config("spark.driver.host", "127.0.0.1")
                            .config("spark.driver.bindAddress", "127.0.0.1")
                            .getOrCreate()) {
                        FashionPictures.Split pictures = FashionPictures.split(spark, 8_000);
                        TrainMnist.run(
                                network.get(),
                                pictures.training().limit(1_000),
                                pictures.heldOut().limit(300),
                                epochs);
                    }
                })
                .lines()
                .toList();
        assertThat(lines).hasSize(4);
        assertThat(Double.parseDouble(lines.get(0).replace("accuracy: ", ""))).isBetween(0.6, 1.0);
        assertThat(lines.get(1)).isEqualTo("epochs: " + epochs);
        assertThat(lines.get(2)).matches("rows per second: [1-9]\\d*");
        assertThat(lines.get(3)).isEqualTo("workers: 2");
    }
}
