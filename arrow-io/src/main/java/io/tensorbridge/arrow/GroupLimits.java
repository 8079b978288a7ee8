package io.tensorbridge.arrow;

import java.io.Serializable;

/**
 * How large a block of grouped rows may become, and how many groups may be kept.
 *
 * @param block the limits of a block while groups are few
 * @param bytes bytes that a block may grow to when groups are many, so that what is carried from block to block is the
 *     smaller part of it; also what keys and carried rows may take before they are given up
 */
public record GroupLimits(BlockLimits block, long bytes) implements Serializable {

    public GroupLimits {
        if (bytes < 1) {
            throw new IllegalArgumentException("Invalid group size: must be positive, found %d bytes".formatted(bytes));
        }
    }
}
