package io.tensorbridge.train;

import io.tensorbridge.train.worker.WorkerEvent;
import java.io.Serializable;
import java.util.Map;

/**
 * What a task of the barrier stage gives back.
 *
 * @param rank of the worker
 * @param end how its worker ended: finished, or failed so that another try would fail alike
 * @param files the files of the result, from the first worker alone
 */
record TaskResult(int rank, WorkerEvent end, Map<String, byte[]> files) implements Serializable {}
