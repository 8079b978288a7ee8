/**
 * Not API: programs as functions of SQL. A call stands in an expression until the optimizer is done, then a rule puts the
 * program into the plan, below the operator that the expression belongs to.
 */
@NullMarked
package io.tensorbridge.internal.sql;

import org.jspecify.annotations.NullMarked;
