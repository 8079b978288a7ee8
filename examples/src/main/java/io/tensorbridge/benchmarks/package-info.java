/** The benchmark harness: both sides of a comparison in one process, in turn, as medians and ratios. */
@NullMarked
package io.tensorbridge.benchmarks;

import org.jspecify.annotations.NullMarked;
