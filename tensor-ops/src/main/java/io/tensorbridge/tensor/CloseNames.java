package io.tensorbridge.tensor;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds names that somebody may have meant who wrote another. */
final class CloseNames {

    private static final int MOST_LETTERS = 200; // of a name that is compared; the rest says little

    private CloseNames() {}

    /** Returns the names that are closest to one, the closest first; no more than so many. */
    static List<String> of(String wanted, Collection<String> names, int most) {
        record Measured(String name, int distance) {}
        String small = simplified(wanted);
        return names.stream()
                .distinct()
                .map(name -> new Measured(name, distance(small, simplified(name))))
                .sorted(Comparator.comparingInt(Measured::distance).thenComparing(Measured::name))
                .limit(most)
                .map(Measured::name)
                .toList();
    }

    private static String simplified(String name) {
        return name.substring(Math.max(0, name.length() - MOST_LETTERS)).toLowerCase(Locale.ROOT);
    }

    /** Counts the letters to change, to leave out or to put in; those before the wanted name's beginning count a quarter. */
    private static int distance(String wanted, String name) {
        int[] row = new int[name.length() + 1];
        Arrays.setAll(row, before -> before);
        for (int i = 1; i <= wanted.length(); i++) {
            int diagonal = row[0];
            row[0] = 4 * i;
            for (int j = 1; j <= name.length(); j++) {
                int change = diagonal + (wanted.charAt(i - 1) == name.charAt(j - 1) ? 0 : 4);
                diagonal = row[j];
                row[j] = Math.min(change, 4 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[name.length()];
    }
}
