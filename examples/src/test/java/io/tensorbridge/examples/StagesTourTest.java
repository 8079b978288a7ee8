package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs what the page on stages shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class StagesTourTest {

    @Test
    void printsWhatThePageSays() throws IOException {
        String printed = Documentation.printedBy(StagesTour::main);
        String page = Documentation.page("docs/stages.md");
        List<String> parts = Documentation.printedParts(page);
        assertThat(parts)
                .hasSize(3)
                .allSatisfy(part -> assertThat(part).isNotBlank().isSubstringOf(printed));
        for (String region : List.of("pictures", "save", "tensors")) {
            assertThat(page).contains("```java\n" + Documentation.region("StagesTour", region) + "```\n");
        }
    }
}
