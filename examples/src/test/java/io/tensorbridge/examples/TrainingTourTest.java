package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs what the page on training shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class TrainingTourTest {

    @Test
    void printsWhatThePageSays() throws IOException {
        String printed = Documentation.printedBy(TrainingTour::main);
        String page = Documentation.page("docs/training.md");
        assertThat(Documentation.printedParts(page))
                .hasSize(4)
                .allSatisfy(part -> assertThat(part).isNotBlank().isSubstringOf(printed));
        for (String region : List.of("program", "fit", "history", "use", "evaluate", "areas", "save", "estimator")) {
            assertThat(page).contains("```java\n" + Documentation.region("TrainingTour", region) + "```\n");
        }
    }
}
