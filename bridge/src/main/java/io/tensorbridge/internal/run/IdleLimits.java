package io.tensorbridge.internal.run;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * How much an executor keeps of sessions that nobody uses: a value that travels.
 *
 * @param sessions how many sessions, at most; 0 keeps none
 * @param bytes how many bytes the files of their programs have, at most; what a session takes is about as much
 */
public record IdleLimits(int sessions, long bytes) implements Serializable {

    /**
     * Returns the idle sessions to close so that the limits hold, least recently used first.
     *
     * @param entries all sessions
     * @param idleNanos for how long one must have been idle to be closed
     * @param now what the clock of idle times shows
     */
    List<SessionEntry> beyond(Collection<SessionEntry> entries, long idleNanos, long now) {
        List<SessionEntry> idle = new ArrayList<>(entries);
        idle.removeIf(entry -> !entry.isIdle());
        idle.sort(Comparator.comparingLong(SessionEntry::lastUse));
        long idleBytes = idle.stream().mapToLong(SessionEntry::bytes).sum();
        int count = idle.size();
        List<SessionEntry> beyond = new ArrayList<>();
        for (SessionEntry entry : idle) {
            if (count <= sessions && idleBytes <= bytes) {
                break;
            }
            if (now - entry.idleSince() >= idleNanos) {
                beyond.add(entry);
                count--;
                idleBytes -= entry.bytes();
            }
        }
        return beyond;
    }
}
