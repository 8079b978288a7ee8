package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs the example that the page on operations shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class PlusThreeTest {

    @Test
    void isTheCodeOfThePageAndPrintsWhatItSays() throws IOException {
        String printed = Documentation.printedBy(PlusThree::main);
        assertThat(printed)
                .contains("|2.0|5.0|\n")
                .contains("|2.0|       5.0|\n")
                .contains("+---+\n|  z|\n");

        String page = Documentation.page("docs/operations.md");
        assertThat(Documentation.codeOf(page)).isEqualTo(Documentation.region("PlusThree", "tour"));
        assertThat(page).contains("```\n" + printed.substring(printed.indexOf("MapBlocks ")) + "```\n");
    }
}
