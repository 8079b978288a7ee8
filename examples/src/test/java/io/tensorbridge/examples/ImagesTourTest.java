package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs what the page on images shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class ImagesTourTest {

    @Test
    void printsWhatThePageSays() throws IOException {
        String printed = Documentation.printedBy(ImagesTour::main);
        String page = Documentation.page("docs/images.md");
        List<String> parts = Documentation.printedParts(page);
        assertThat(parts).hasSizeGreaterThanOrEqualTo(3);
        for (String part : parts.subList(0, 3)) {
            assertThat(printed).contains(part);
        }
        for (String region : List.of("files", "decoded", "top")) {
            assertThat(page).contains("```java\n" + Documentation.region("ImagesTour", region) + "```\n");
        }
    }
}
