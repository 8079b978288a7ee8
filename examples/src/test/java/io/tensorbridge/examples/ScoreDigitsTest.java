package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs the example that the README shows, and holds the README against it. */
@ExtendWith(NativeMemoryExtension.class)
class ScoreDigitsTest {

    private static String printed = "";

    @BeforeAll
    static void run() {
        printed = Documentation.printedBy(ScoreDigits::main);
    }

    @Test
    void printsWhatItSays() {
        List<String> last = printed.lines().toList();
        last = last.subList(last.size() - 6, last.size());
        assertThat(last.get(0)).isEqualTo("rows: 1000");
        assertThat(Double.parseDouble(last.get(1).replace("accuracy: ", ""))).isBetween(0.97, 1.0);
        assertThat(last.get(2)).isEqualTo("sessions loaded: 1");
        // 400 bytes in, 10 floats and an int out
        assertThat(last.get(3)).isEqualTo("bytes aliased: " + 1000 * (400 + 10 * 4 + 4));
        assertThat(last.get(4)).isEqualTo("bytes copied: 400000 (columns=400000)");
        assertThat(last.get(5)).matches("seconds in Session\\.run: \\d+\\.\\d{3} of \\d+\\.\\d{3}");
    }

    @Test
    void isTheCodeOfTheReadme() throws IOException {
        String readme = Documentation.page("README.md");
        assertThat(Documentation.codeOf(readme))
                .isEqualTo(Documentation.region("ScoreDigits", "score") + Documentation.region("ScoreDigits", "show"));
        String table = printed.substring(printed.indexOf("+-----"), printed.lastIndexOf("-+\n") + 2);
        assertThat(readme).contains("```\n" + table + "\n");
    }
}
