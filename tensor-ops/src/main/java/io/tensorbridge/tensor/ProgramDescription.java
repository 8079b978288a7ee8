package io.tensorbridge.tensor;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What {@code program.json} says of a saved program.
 *
 * @param writtenBy the version of the library that saved it, for messages
 * @param name the program's name
 * @param form how its files are to be loaded
 * @param tags the tags to load them by
 * @param inputs names of inputs, in order
 * @param outputs names of outputs, in order
 * @param checks the checks of inputs, by name
 * @param sha256 the digest of the program's files
 * @param files the files beside {@code program.json}, by path
 */
record ProgramDescription(
        String writtenBy,
        String name,
        Program.Form form,
        List<String> tags,
        List<String> inputs,
        List<String> outputs,
        SortedMap<String, InputCheck> checks,
        String sha256,
        SortedMap<String, SavedFile> files) {

    /** The format that this version of the library writes, and the last one that it reads. */
    static final int FORMAT = 1;

    /** A file: its length in bytes, and its SHA-256 in hexadecimal. */
    record SavedFile(long bytes, String sha256) {}

    ProgramDescription {
        tags = List.copyOf(tags);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        checks = Collections.unmodifiableSortedMap(new TreeMap<>(checks));
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }
}
