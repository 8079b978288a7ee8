/**
 * The process that trains: rows on its disk, a session of its own, and the collectives that join it with the other workers.
 *
 * <p>What goes in is a {@link io.tensorbridge.train.worker.WorkerTask}, what comes out are
 * {@link io.tensorbridge.train.worker.WorkerEvent}s. It knows nothing of who started it.
 */
@NullMarked
package io.tensorbridge.train.worker;

import org.jspecify.annotations.NullMarked;
