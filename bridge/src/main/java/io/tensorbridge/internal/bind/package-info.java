/** Not API: programs matched with the columns of a DataFrame, all checked; what the plan carries and the tasks run. */
@NullMarked
package io.tensorbridge.internal.bind;

import org.jspecify.annotations.NullMarked;
