package io.tensorbridge.model.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The operations that TensorFlow registers, and what a model may do with them: the file {@code operations.txt}, read once.
 *
 * <p>What is not in it is not allowed. Safe for use by several threads.
 */
public final class OperationList {

    /** The TensorFlow whose operations the list holds. */
    public static final String TENSORFLOW = "2.18.0";

    private static final String FILE = "operations.txt";
    private static final int CLOSE_NAMES = 3;

    private final Map<String, Entry> entries;

    private OperationList(Map<String, Entry> entries) {
        this.entries = entries;
    }

    /** Where a model may have an operation. */
    public enum Use {
        /** Anywhere. */
        ALLOWED,
        /** Not in what an output needs, since it changes what later runs see. */
        WRITES,
        /** Not in what an output needs, and with files of the model alone. */
        FILES,
        /** Nowhere. */
        REFUSED
    }

    /**
     * An operation of the list.
     *
     * @param use where a model may have it
     * @param reason what it does, to be said after "which"
     */
    public record Entry(Use use, String reason) {}

    /** Returns the list that comes with the library. */
    public static OperationList standard() {
        return Holder.LIST;
    }

    /** Returns what is known of an operation, or nothing if the list does not have it. */
    public Optional<Entry> entry(String op) {
        return Optional.ofNullable(entries.get(op));
    }

    /** Returns the names of all operations, in order. */
    public Set<String> names() {
        return entries.keySet();
    }

    /** Returns the names that are most like one that the list does not have, the closest first; at most three. */
    public List<String> closeTo(String name) {
        int farthest = Math.max(2, name.length() / 3);
        return names().stream()
                .filter(known -> Math.abs(known.length() - name.length()) <= farthest)
                .map(known -> Map.entry(known, distance(known, name)))
                .filter(known -> known.getValue() <= farthest)
                .sorted(Comparator.comparingInt(Map.Entry<String, Integer>::getValue)
                        .thenComparing(Map.Entry::getKey))
                .limit(CLOSE_NAMES)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Returns how many letters are to be added, left out or changed, capitals counted as small ones. */
    private static int distance(String a, String b) {
        String from = a.toLowerCase(Locale.ROOT);
        String to = b.toLowerCase(Locale.ROOT);
        int[] row = new int[to.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }

    private static final class Holder {

        private static final OperationList LIST = read();

        private static OperationList read() {
            Map<String, Entry> entries = new TreeMap<>();
            try (InputStream file = OperationList.class.getResourceAsStream(FILE)) {
                if (file == null) {
                    throw new IllegalStateException("The library's jar lacks " + FILE);
                }
                var lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8));
                String reason = "";
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("## ")) {
                        reason = line.substring("## ".length());
                    } else if (!line.isBlank() && !line.startsWith("#")) {
                        int space = line.indexOf(' ');
                        Use use = Use.valueOf(line.substring(0, space).toUpperCase(Locale.ROOT));
                        String op = line.substring(space + 1);
                        if (entries.put(op, new Entry(use, reason)) != null) {
                            throw new IllegalStateException("%s has '%s' twice".formatted(FILE, op));
                        }
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new OperationList(entries);
        }
    }
}
