package io.tensorbridge.train;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The files of a checkpoint, as a file of its own beside them lists them. Belongs to one thread. */
final class CheckpointList {

    /** The name of that file. */
    static final String NAME = "files.txt";

    /** How many bytes of it are read, at most. */
    static final int LONGEST = 1 << 20;

    private static final String HEAD = "tensorbridge checkpoint 1";
    private static final String END = "end";

    private final List<Entry> entries = new ArrayList<>();

    /**
     * A file.
     *
     * @param crc the CRC-32C of its contents
     */
    record Entry(String name, long length, long crc) {

        private String encode() {
            return "%s\t%d\t%x".formatted(name, length, crc);
        }

        private static Entry decode(String line) {
            String[] parts = line.split("\t", -1);
            if (parts.length != 3 || !isPlain(parts[0])) {
                throw new IllegalArgumentException(line);
            }
            return new Entry(parts[0], Long.parseLong(parts[1]), Long.parseLong(parts[2], 16));
        }

        private static boolean isPlain(String name) {
            return name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*");
        }
    }

    void add(String name, long length, long crc) {
        entries.add(new Entry(name, length, crc));
    }

    List<Entry> entries() {
        return entries;
    }

    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        entries.forEach(entry -> names.add(entry.name()));
        return names;
    }

    String encode() {
        var text = new StringBuilder(HEAD).append('\n');
        entries.forEach(entry -> text.append(entry.encode()).append('\n'));
        return text.append(END).append('\n').toString();
    }

    /** @throws IllegalArgumentException if the text is none of {@link #encode()} */
    static CheckpointList decode(String text) {
        List<String> lines = text.lines().toList();
        int last = lines.size() - 1;
        if (last < 1 || !lines.get(0).equals(HEAD) || !lines.get(last).equals(END)) {
            throw new IllegalArgumentException(text);
        }
        var list = new CheckpointList();
        lines.subList(1, last).forEach(line -> list.entries.add(Entry.decode(line)));
        return list;
    }
}
