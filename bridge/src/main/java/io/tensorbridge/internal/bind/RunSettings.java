package io.tensorbridge.internal.bind;

import io.tensorbridge.tensor.Device;
import java.io.Serializable;
import java.time.Duration;

/**
 * What the configuration says of running programs: a value that travels.
 *
 * @param runLimit how long a run may take
 * @param device on what they run
 * @param idleSessions how many sessions that nobody uses an executor keeps, at most
 * @param idleSessionBytes how many bytes the files of their programs have, at most
 */
public record RunSettings(Duration runLimit, Device device, int idleSessions, long idleSessionBytes)
        implements Serializable {}
