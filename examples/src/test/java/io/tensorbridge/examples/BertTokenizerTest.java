package io.tensorbridge.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BertTokenizerTest {

    private static final List<String> VOCABULARY = List.of(
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "##s", "play", "##ing", ".", "'", "t", "don",
            "cafe");

    @TempDir
    static Path directory;

    private static List<Integer> numbersOf(String text) throws IOException {
        Path vocabulary = Files.write(directory.resolve("vocab.txt"), VOCABULARY);
        Row row = BertTokenizer.read(vocabulary).encode(text);
        int[] numbers = (int[]) row.get(0);
        int[] mask = (int[]) row.get(1);
        int count = Arrays.stream(mask).sum();
        assertThat(numbers).hasSize(BertTokenizer.LENGTH);
        assertThat(Arrays.stream(numbers).skip(count)).allMatch(number -> number == 0);
        return Arrays.stream(numbers).limit(count).boxed().toList();
    }

    @Test
    void splitsWordsIntoPieces() throws IOException {
        assertThat(numbersOf("The cats playing.")).containsExactly(2, 4, 5, 7, 8, 9, 10, 3);
    }

    @Test
    void takesAccentsOffAndPunctuationApart() throws IOException {
        assertThat(numbersOf("Café don't")).containsExactly(2, 14, 13, 11, 12, 3);
    }

    @Test
    void knowsWhatItDoesNotKnow() throws IOException {
        assertThat(numbersOf("the zebra")).containsExactly(2, 4, 1, 3);
    }

    @Test
    void cutsLongTextAndEndsIt() throws IOException {
        List<Integer> numbers = numbersOf("cat ".repeat(200));
        assertThat(numbers).hasSize(128).startsWith(2, 5).endsWith(5, 3);
    }
}
