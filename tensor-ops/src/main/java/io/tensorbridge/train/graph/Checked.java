package io.tensorbridge.train.graph;

/** Says what a number must be, for those that come in at the public door. */
final class Checked {

    private Checked() {}

    static void positive(String what, double found) {
        require(found > 0 && found < Double.POSITIVE_INFINITY, what, "positive and finite", found);
    }

    static void notNegative(String what, double found) {
        require(found >= 0 && found < Double.POSITIVE_INFINITY, what, "0 or more and finite", found);
    }

    /** Checks a share that may be 0, but not the whole. */
    static void share(String what, double found) {
        require(found >= 0 && found < 1, what, "from 0 and below 1", found);
    }

    static void positive(String what, long found) {
        require(found > 0, what, "positive", found);
    }

    /** Checks a limit, which may be infinite for none. */
    static void limit(String what, double found) {
        require(found > 0, what, "positive", found);
    }

    private static void require(boolean holds, String what, String rule, Object found) {
        if (!holds) {
            throw new IllegalArgumentException("Invalid %s: must be %s, found %s".formatted(what, rule, found));
        }
    }
}
