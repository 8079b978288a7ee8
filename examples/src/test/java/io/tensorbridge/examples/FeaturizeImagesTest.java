package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NativeMemoryExtension.class)
class FeaturizeImagesTest {

    @Test
    void tellsDigitsApart() {
        List<String> lines =
                Documentation.printedBy(FeaturizeImages::main).lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).isEqualTo("rows: 1000");
        assertThat(lines.get(1)).matches("seconds: \\d+\\.\\d{3}");
        assertThat(Double.parseDouble(lines.get(2).replace("accuracy: ", ""))).isBetween(0.85, 1.0);
    }
}
