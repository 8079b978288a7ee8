package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs what the page on models shows, and holds the page against it and against the other examples that it shows. */
@ExtendWith(NativeMemoryExtension.class)
class ModelsTourTest {

    @Test
    void printsWhatThePageSays() throws IOException {
        String printed = Documentation.printedBy(ModelsTour::main);
        List<String> parts = Documentation.printedParts(Documentation.page("docs/models.md"));
        assertThat(parts).hasSize(5);
        for (String part : parts) {
            assertThat(printed).contains(part);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ModelsTour, load",
        "ModelsTour, cut",
        "ModelsTour, save",
        "ModelsTour, pin",
        "ModelsTour, policy",
        "FeaturizeImages, features",
        "EmbedSentences, join"
    })
    void isTheCodeOfThePage(String example, String region) throws IOException {
        assertThat(Documentation.page("docs/models.md"))
                .contains("```java\n" + Documentation.region(example, region) + "```\n");
    }

    @Test
    void showsHowTheModelsOfTheTestsWereExported() throws IOException {
        String page = Documentation.page("docs/models.md");
        String python = page.substring(page.indexOf("```python\n") + 10);
        String code = python.substring(0, python.indexOf("```")).indent(4);
        assertThat(Documentation.page("bridge/src/test/resources/models/keras/make_models.py"))
                .contains(code);
    }
}
