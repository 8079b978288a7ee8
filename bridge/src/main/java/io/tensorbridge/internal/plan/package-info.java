/** Not API: how the operations stand in Spark's plans, from the logical node to the job. */
@NullMarked
package io.tensorbridge.internal.plan;

import org.jspecify.annotations.NullMarked;
