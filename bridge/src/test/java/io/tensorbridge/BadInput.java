package io.tensorbridge;

import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;

/**
 * Something wrong that a user may hand in, and what comes of it.
 *
 * @param number the number of the case; one case may have several variants
 * @param what what is handed in
 * @param where who finds out
 * @param attempt does it; of a result it asserts what it is
 * @param message the whole message; empty for a result
 */
record BadInput(int number, String what, Where where, Attempt attempt, String message) {

    /** Who finds out. */
    enum Where {
        /** The driver, before any job. */
        DRIVER,
        /** A task: only the data can tell. */
        EXECUTOR,
        /** Nobody, since nothing is wrong with it here. */
        RESULT
    }

    interface Attempt {
        void run(SparkSession spark) throws Exception;
    }

    /*
     * A message is "Cannot … 'what': … expected …, found …. Cure", or "Invalid … what: must …, found …. Cure". One for
     * several mismatches has them in a line each. Where: in which input, output, column, operation or setting, and for data
     * in which block too.
     */
    private static final Pattern WHAT = Pattern.compile(
            "^(Cannot|Invalid|Program) [^:]*('[^']+'|graph|programs on a GPU|spark\\.tensorbridge\\.\\w+|block size|call \\w+\\()");
    private static final Pattern WHERE = Pattern.compile(
            "(input|output|column|operation|function|file|variable|archive|signature|at|Cannot fetch|Cannot set) '[^']+'|'\\w+://[^']*'|metagraph tagged|SHA-256|\\w+\\(\"[^\"]+\", …\\)|spark\\.tensorbridge\\.\\w+|^Cannot read graph|\\{\\{node [^}]+}}");
    private static final Pattern BLOCK = Pattern.compile("\\bblock \\d+");
    private static final Pattern EXPECTED_FOUND_CURE =
            Pattern.compile("\\b(expected|must)\\b.+\\bfound\\b.+\\. [A-Z].+", Pattern.DOTALL);

    static BadInput driver(int number, String what, Attempt attempt, String message) {
        return new BadInput(number, what, Where.DRIVER, attempt, message);
    }

    /** What {@code apply} says of a program and a DataFrame, in these lines. */
    static BadInput mismatch(int number, String what, Attempt attempt, String program, String... lines) {
        return driver(
                number,
                what,
                attempt,
                "Cannot run program '%s' on this DataFrame:\n  - %s".formatted(program, String.join("\n  - ", lines)));
    }

    static BadInput executor(int number, String what, Attempt attempt, String message) {
        return new BadInput(number, what, Where.EXECUTOR, attempt, message);
    }

    static BadInput result(int number, String what, Attempt attempt) {
        return new BadInput(number, what, Where.RESULT, attempt, "");
    }

    /** Returns whether the message says what, where, what was expected, what was found, and what mends it. */
    boolean saysAll() {
        return WHAT.matcher(message).find()
                && (where == Where.DRIVER || BLOCK.matcher(message).find())
                && mismatches().stream()
                        .allMatch(line -> WHERE.matcher(line).find()
                                && EXPECTED_FOUND_CURE.matcher(line).find());
    }

    /** Returns the lines of the message that say something wrong each; none for a result. */
    List<String> mismatches() {
        if (message.isEmpty()) {
            return List.of();
        }
        int lines = message.indexOf(":\n  - ");
        return lines < 0
                ? List.of(message)
                : List.of(message.substring(lines + 6).split("\n  - "));
    }

    @Override
    public String toString() {
        return number + ": " + what;
    }
}
