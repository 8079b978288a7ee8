package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs what the page on blocks and shapes shows of arrays that differ in length, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class RaggedArraysTest {

    @Test
    void isTheCodeOfThePageAndPrintsWhatItSays() throws IOException {
        String printed = Documentation.printedBy(RaggedArrays::main);
        String page = Documentation.page("docs/blocks-and-shapes.md");
        for (String region : new String[] {"ragged", "padded", "rows"}) {
            assertThat(page).contains("```java\n" + Documentation.region("RaggedArrays", region) + "```\n");
        }
        List<String> parts = Documentation.printedParts(page); // of which the first is another example's
        assertThat(String.join("", parts.subList(1, parts.size()))).isEqualTo(printed.replaceAll("\n\n", "\n"));
    }
}
