package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs the example that the page on SQL shows, and holds the page against it. */
@ExtendWith(NativeMemoryExtension.class)
class ScoreInSqlTest {

    @Test
    void isTheCodeOfThePageAndPrintsWhatItSays() throws IOException {
        String printed = Documentation.printedBy(ScoreInSql::main);
        String page = Documentation.page("docs/sql.md");
        for (String region : new String[] {"register", "select", "aggregate", "refine", "plan"}) {
            assertThat(page).contains("```java\n" + Documentation.region("ScoreInSql", region) + "```\n");
        }
        assertThat(String.join("", Documentation.printedParts(page))).isEqualTo(printed.replaceAll("\n\n", "\n"));
    }
}
