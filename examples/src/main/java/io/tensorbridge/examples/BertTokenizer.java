package io.tensorbridge.examples;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import opennlp.tools.tokenize.WordpieceTokenizer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Text as the numbers that an uncased BERT was trained on: lower case, no accents, pieces of words out of a vocabulary, a
 * fixed count of them. Safe for use by several threads.
 */
final class BertTokenizer implements Serializable {

    /** Tokens of a row; longer text is cut off. */
    static final int LENGTH = 128;

    /** What {@link #encode} gives: the model's inputs by their names. */
    static final StructType INPUTS = new StructType()
            .add("input_ids", "array<int>", false)
            .add("input_mask", "array<int>", false)
            .add("segment_ids", "array<int>", false);

    private static final Pattern ACCENT = Pattern.compile("\\p{Mn}+");
    private static final Pattern PUNCTUATION = Pattern.compile("\\p{IsPunctuation}|[$+<=>^`|~]");

    private final List<String> vocabulary;
    private transient volatile @Nullable Map<String, Integer> ids;

    private BertTokenizer(List<String> vocabulary) {
        this.vocabulary = vocabulary;
    }

    /** Reads a vocabulary: a piece a line, the first of number 0. */
    static BertTokenizer read(Path vocabulary) throws IOException {
        return new BertTokenizer(List.copyOf(Files.readAllLines(vocabulary)));
    }

    /** Returns {@link #INPUTS}: the numbers of the pieces and zeros behind them, which of both, and zeros. */
    Row encode(String text) {
        Map<String, Integer> known = ids();
        String[] pieces = new WordpieceTokenizer(known.keySet()).tokenize(plain(text));
        int[] numbers = new int[LENGTH];
        int[] mask = new int[LENGTH];
        int count = Math.min(LENGTH, pieces.length);
        for (int i = 0; i < count; i++) {
            String piece = i == LENGTH - 1 ? pieces[pieces.length - 1] : pieces[i]; // the last one ends the text
            Integer number = known.get(piece);
            if (number == null) {
                throw new IllegalStateException("The vocabulary does not have '%s'".formatted(piece));
            }
            numbers[i] = number;
            mask[i] = 1;
        }
        return RowFactory.create(numbers, mask, new int[LENGTH]);
    }

    private static String plain(String text) {
        String bare = ACCENT.matcher(Normalizer.normalize(text.toLowerCase(Locale.ROOT), Normalizer.Form.NFD))
                .replaceAll("");
        return PUNCTUATION.matcher(bare).replaceAll(" $0 ");
    }

    private Map<String, Integer> ids() {
        Map<String, Integer> known = ids;
        if (known == null) {
            known = new HashMap<>();
            for (int i = 0; i < vocabulary.size(); i++) {
                known.put(vocabulary.get(i), i);
            }
            ids = known;
        }
        return known;
    }
}
