package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs what the page on operations shows of each, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class OperationsTourTest {

    @Test
    void isTheCodeOfThePageAndPrintsWhatItSays() throws IOException {
        String printed = Documentation.printedBy(OperationsTour::main);
        String page = Documentation.page("docs/operations.md");
        for (String region : new String[] {"rows", "reasons", "parameters", "reductions", "groups"}) {
            assertThat(page).contains("```java\n" + Documentation.region("OperationsTour", region) + "```\n");
        }
        assertThat(String.join("", Documentation.printedParts(page))).isEqualTo(printed.replaceAll("\n\n", "\n"));
    }
}
