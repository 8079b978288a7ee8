package io.tensorbridge.internal.run;

import java.io.Serializable;

/**
 * A program and how a task runs it: a value that travels.
 *
 * @param program the program
 * @param spec how it runs
 */
public record ProgramRun(ShippedProgram program, RunnerSpec spec) implements Serializable {}
