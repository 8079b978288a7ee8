package io.tensorbridge.train.worker;

/** Seeds made of seeds. */
final class Seeds {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private Seeds() {}

    /** Returns a number that depends on both, as the finaliser of SplitMix64 mixes them. */
    static long mix(long seed, long with) {
        long mixed = seed + GOLDEN * (with + 1);
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
