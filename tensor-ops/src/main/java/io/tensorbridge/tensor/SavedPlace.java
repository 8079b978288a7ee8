package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.ModelFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.SortedMap;

/**
 * What is where a program was saved; for the bridge to Spark, which is to know before it removes anything. Of the files {@code
 * program.json} alone is read.
 */
public final class SavedPlace {

    private SavedPlace() {}

    /**
     * Returns whether there is a saved program and nothing beside it: every file is one that it lists. Some may be missing, or
     * damaged.
     *
     * @throws IOException if the folder cannot be read
     */
    public static boolean isProgramAlone(ModelFolder folder) throws IOException {
        return isProgram(
                folder,
                (description, lengths) -> lengths.keySet().stream()
                        .allMatch(path -> path.equals(SavedPaths.DESCRIPTION)
                                || description.files().containsKey(path)));
    }

    /**
     * Returns whether there is a saved program of which no file is missing or cut short.
     *
     * @throws IOException if the folder cannot be read
     */
    public static boolean isWholeProgram(ModelFolder folder) throws IOException {
        return isProgram(
                folder,
                (description, lengths) -> description.files().entrySet().stream()
                        .allMatch(file -> lengths.getOrDefault(file.getKey(), -1L)
                                == file.getValue().bytes()));
    }

    private interface Condition {
        boolean holds(ProgramDescription description, Map<String, Long> lengths);
    }

    private static boolean isProgram(ModelFolder folder, Condition condition) throws IOException {
        try {
            ProgramDescription description = description(folder);
            SortedMap<String, Long> lengths = folder.list();
            return condition.holds(description, lengths);
        } catch (NoSuchFileException
                | FileNotFoundException
                | ModelFileException e) { // there is nothing, or something else
            return false;
        }
    }

    private static ProgramDescription description(ModelFolder folder) throws IOException {
        try (InputStream in = folder.open(SavedPaths.DESCRIPTION)) {
            return DescriptionJson.read(in.readNBytes(DescriptionJson.MOST_BYTES)); // a longer one is none
        }
    }
}
