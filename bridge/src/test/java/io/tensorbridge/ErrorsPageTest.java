package io.tensorbridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of errors, against the table of bad inputs: names and numbers are any. */
class ErrorsPageTest {

    private static final Path PAGE = Path.of("..", "docs", "errors.md");
    private static final Pattern ROW = Pattern.compile("^\\| `(.+?)` \\|", Pattern.MULTILINE);

    @Test
    void everyMessageIsOnThePage() throws IOException {
        List<Pattern> page = messagesOf(Files.readString(PAGE));
        List<String> missing = new ArrayList<>();
        for (BadInput input : BadInputTest.table()) {
            for (String line : input.mismatches()) {
                if (page.stream()
                        .noneMatch(message -> message.matcher(general(line)).lookingAt())) {
                    missing.add(input + ": " + line);
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void everyFamilyOfThePageIsInTheTable() throws IOException {
        List<String> lines = new ArrayList<>();
        BadInputTest.table().forEach(input -> input.mismatches().forEach(line -> lines.add(general(line))));
        for (String family : Pattern.compile("\n## ").split(Files.readString(PAGE), -1)) {
            List<Pattern> messages = messagesOf(family);
            if (!messages.isEmpty()) {
                assertThat(lines)
                        .as(family.lines().findFirst().orElseThrow())
                        .anyMatch(line -> messages.stream()
                                .anyMatch(message -> message.matcher(line).lookingAt()));
            }
        }
    }

    private static List<Pattern> messagesOf(String page) {
        return ROW.matcher(page)
                .results()
                .map((MatchResult row) ->
                        Pattern.compile("\\Q" + general(row.group(1)).replace("…", "\\E.*\\Q") + "\\E", Pattern.DOTALL))
                .toList();
    }

    /** Returns a message without where it was found, which the page says once, and with names and numbers made alike. */
    private static String general(String message) {
        return message.replaceFirst("^Cannot (feed column|load model) '[^']+': ", "")
                .replaceFirst("^Program '[^']+' failed on [^:]+: ", "")
                .replaceAll("'[^']*'", "'n'")
                .replaceAll("\"[^\"]*\"", "\"n\"")
                .replaceAll("\\[[^\\]]*\\]", "[]")
                .replaceAll("DT_\\w+", "DT")
                .replaceAll("of type .+?, which", "of type t, which")
                .replaceAll("Tensorbridge [\\w.-]*\\w", "Tensorbridge 0")
                .replaceAll("\\d+", "0")
                .replaceAll("expected \\w+\\([^)]*\\), found", "expected f(), found")
                .replaceAll("\\bfound \\w+, which", "found Op, which")
                .replaceAll("kernels for \\[\\] of \\w+", "kernels for [] of Op")
                .replaceAll("found \\w+ as operation", "found … as operation");
    }
}
