package io.tensorbridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of settings, against the keys that there are. */
class ConfigurationPageTest {

    private static final Path PAGE = Path.of("..", "docs", "configuration.md");
    private static final Pattern ROW =
            Pattern.compile("^\\| `(spark\\.tensorbridge\\.\\w+)` \\| `?([^`|]*?)`? \\|", Pattern.MULTILINE);

    @Test
    void hasEveryKeyAndItsDefault() throws IOException, IllegalAccessException {
        Map<String, String> page = new TreeMap<>();
        ROW.matcher(Files.readString(PAGE)).results().forEach(row -> page.put(row.group(1), row.group(2)));
        Map<String, String> keys = new TreeMap<>();
        Map<String, String> defaults = new TreeMap<>();
        for (Field field : TensorFramesOptions.class.getDeclaredFields()) {
            if (field.getName().startsWith("DEFAULT_")) {
                defaults.put(field.getName().substring("DEFAULT_".length()), String.valueOf(field.get(null)));
            } else if (Modifier.isPublic(field.getModifiers())) {
                keys.put(field.getName(), String.valueOf(field.get(null)));
            }
        }
        assertThat(page.keySet()).containsExactlyInAnyOrderElementsOf(keys.values());
        assertThat(defaults).isNotEmpty();
        defaults.forEach((name, value) -> assertThat(page).containsEntry(keys.getOrDefault(name, name), value));
    }
}
