package io.tensorbridge.internal.run;

/**
 * What a registry holds, and what it has done so far.
 *
 * @param open sessions that are loaded
 * @param inUse how many of them tasks use
 * @param bytes bytes of their programs' files
 * @param loads sessions loaded
 * @param hits uses of a session that was there, or was being loaded already
 * @param evictions sessions closed while nobody used them, and those that a run had spoiled
 * @param failures loads that failed
 */
record SessionCounts(int open, int inUse, long bytes, long loads, long hits, long evictions, long failures) {}
