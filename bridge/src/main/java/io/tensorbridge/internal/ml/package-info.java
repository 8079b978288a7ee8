/** Not API: arrays as Spark ML's vectors and matrices. Spark ML is needed only once one of these is asked for. */
@NullMarked
package io.tensorbridge.internal.ml;

import org.jspecify.annotations.NullMarked;
