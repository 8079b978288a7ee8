package io.tensorbridge.ml;

import io.tensorbridge.Models;
import io.tensorbridge.model.ModelFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.apache.spark.sql.SparkSession;

/** A file of labels: UTF-8, one label on each line, in the order of the classes. */
final class LabelFile {

    private static final int MOST_BYTES = 1 << 24;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private LabelFile() {}

    /** Returns the lines of a file. An empty one at the end is none; any other is an error, since classes would shift. */
    static List<String> read(SparkSession spark, String uri) {
        ModelFolder place = Models.folder(spark, uri);
        List<String> lines = new ArrayList<>(linesOf(place));
        while (!lines.isEmpty() && lines.get(lines.size() - 1).isBlank()) {
            lines.remove(lines.size() - 1);
        }
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                throw refused(place, "a label on each line", "line %d to be blank".formatted(i + 1), "Mend the file");
            }
        }
        if (lines.isEmpty()) {
            throw refused(place, "a label on each line", "no line", "Mend the file");
        }
        return List.copyOf(lines);
    }

    private static List<String> linesOf(ModelFolder place) {
        try {
            SortedMap<String, Long> files = place.list();
            if (files.size() != 1) {
                throw refused(place, "one file", "%d".formatted(files.size()), "Mend the path");
            }
            long length = files.values().iterator().next();
            if (length > MOST_BYTES) {
                String most = "at most %d bytes".formatted(MOST_BYTES);
                throw refused(place, most, "%d".formatted(length), "Mend the path");
            }
            try (InputStream in = place.open(files.firstKey())) {
                ByteBuffer bytes = ByteBuffer.wrap(in.readNBytes(MOST_BYTES));
                String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
                return (text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text)
                        .lines()
                        .toList();
            }
        } catch (NoSuchFileException e) {
            throw refused(place, "a file", "none", "Mend the path");
        } catch (AccessDeniedException e) {
            throw refused(place, "a file that may be read", "one that may not", "Mend its permissions");
        } catch (CharacterCodingException e) {
            throw refused(place, "UTF-8", "other bytes", "Mend the file");
        } catch (IOException e) {
            throw refused(place, "a file", "none that can be read (%s)".formatted(e.getMessage()), "Mend the path");
        }
    }

    private static IllegalArgumentException refused(ModelFolder place, String expected, String found, String cure) {
        return new IllegalArgumentException("Cannot read labels from '%s': expected %s, found %s. %s"
                .formatted(place.location(), expected, found, cure));
    }
}
