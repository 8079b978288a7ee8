/** Not API: what an executor does: sessions, memory, and the loop from blocks to batches. */
@NullMarked
package io.tensorbridge.internal.run;

import org.jspecify.annotations.NullMarked;
