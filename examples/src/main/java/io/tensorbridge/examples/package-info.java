/** Applications: one class per question, each run by a test. */
@NullMarked
package io.tensorbridge.examples;

import org.jspecify.annotations.NullMarked;
