/** Not API: places in file systems of Hadoop's, and what may be shown of them. */
@NullMarked
package io.tensorbridge.internal.hadoop;

import org.jspecify.annotations.NullMarked;
