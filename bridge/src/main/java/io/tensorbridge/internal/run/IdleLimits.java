package io.tensorbridge.internal.run;

import java.io.Serializable;

/**
 * How much an executor keeps of sessions that nobody uses: a value that travels.
 *
 * @param sessions how many sessions, at most; 0 keeps none
 * @param bytes how many bytes the files of their programs have, at most; what a session takes is about as much
 */
public record IdleLimits(int sessions, long bytes) implements Serializable {}
