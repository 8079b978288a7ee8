package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs the example that the page on blocks and shapes shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class LearnShapesTest {

    @Test
    void isTheCodeOfThePageAndPrintsWhatItSays() throws IOException {
        String printed = Documentation.printedBy(LearnShapes::main);
        String page = Documentation.page("docs/blocks-and-shapes.md");
        assertThat(Documentation.codeOf(page)).isEqualTo(Documentation.region("LearnShapes", "tour"));
        assertThat(page).contains("```\n" + printed.strip() + "\n```\n");
    }
}
