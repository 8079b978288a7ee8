package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a stage makes of a model's outputs.
 *
 * @param key what two of one model are compared by
 * @param fetches new columns, by output of the program
 * @param program makes the program that gives these outputs, of the model's inputs
 */
record ModelHead(Object key, Map<String, String> fetches, Supplier<Program> program) {}
