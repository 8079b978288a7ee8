package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs the example on few points, where what matters is that both find the same centres. */
@ExtendWith(NativeMemoryExtension.class)
class KMeansTest {

    @Test
    void findsTheCentresThatMllibFinds() {
        String printed = Documentation.printedBy(args -> KMeans.main(new String[] {"3000", "8", "1"}));
        List<String> lines = printed.lines().toList();
        assertThat(lines.get(0)).matches("seconds: \\d+\\.\\d{2}");
        assertThat(lines.get(1)).matches("seconds mllib: \\d+\\.\\d{2}");
        assertThat(lines.get(2)).matches("ratio kmeans: \\d+\\.\\d{2}");
        String difference = "largest difference of centres: ";
        assertThat(lines.get(3)).startsWith(difference);
        assertThat(Double.parseDouble(lines.get(3).substring(difference.length())))
                .isBetween(0.0, 1e-3);
    }
}
