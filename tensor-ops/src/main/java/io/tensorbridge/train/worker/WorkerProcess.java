package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker in a process of its own, so that neither its threads nor its ports nor its end are this process's. Closing destroys it.
 *
 * <p>Events are taken by one thread.
 */
public final class WorkerProcess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);

    private static final int LAST_LINES = 20;
    private static final List<String> PASSED_ON =
            List.of("org.bytedeco.javacpp.cachedir", "org.bytedeco.javacpp.cacheDir", "user.home", "java.io.tmpdir");

    /** What Java takes options from, meant for this process: a port for a debugger, say, that a second one cannot have. */
    private static final List<String> OF_JAVA = List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

    private final Process process;
    private final Thread hook;
    private final BlockingQueue<Optional<WorkerEvent>> events = new LinkedBlockingQueue<>();
    private final Deque<String> lastLines = new ArrayDeque<>();
    private final Thread errors;

    private WorkerProcess(Process process) {
        this.process = process;
        hook = new Thread(process::destroyForcibly, "tensorbridge-worker-end");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) { // this process ends already
            process.destroyForcibly();
            throw e;
        }
        errors = thread("tensorbridge-worker-errors", this::readErrors);
    }

    /**
     * Starts a worker.
     *
     * @param task what it does
     * @param classPath files and directories of classes, this library's and all that it needs
     * @param directory where it runs
     * @param heapMiB how much its Java heap may grow to, beside the program and the order of its rows: rows and tensors lie elsewhere
     */
    public static WorkerProcess start(WorkerTask task, List<String> classPath, Path directory, int heapMiB)
            throws IOException {
        TrainingSession.load(); // what is native is unpacked once, and removed by who has unpacked it
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+IgnoreUnrecognizedVMOptions",
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED", // for Arrow
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // it computes in native code
                "-Xshare:auto",
                "-Xmx" + (heapMiB + forOrder(task.rows().rows()) + forProgram(task)) + "m"));
        for (String key : PASSED_ON) {
            String value = System.getProperty(key);
            if (value != null) {
                command.add("-D" + key + "=" + value);
            }
        }
        command.add(Worker.class.getName());
        var builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("CLASSPATH", String.join(File.pathSeparator, classPath)); // too long for a command
        builder.environment().putIfAbsent("TF_CPP_MIN_LOG_LEVEL", "2");
        OF_JAVA.forEach(builder.environment()::remove);
        var started = new WorkerProcess(builder.start());
        try {
            started.begin(task);
            return started;
        } catch (IOException | RuntimeException e) {
            started.close();
            throw e;
        }
    }

    /** An order of rows must fit into the old generation, which is two thirds of the heap. */
    private static long forOrder(long rows) {
        return (rows * Integer.BYTES * 3 / 2) >> 20;
    }

    /** A program is there as it was sent, parsed, and as parts of the graph of a step and its bytes. */
    private static long forProgram(WorkerTask task) throws IOException {
        var count = new CountingStream();
        try (var out = new ObjectOutputStream(count)) {
            out.writeObject(task);
        }
        return (count.bytes * 8) >> 20;
    }

    private static final class CountingStream extends OutputStream {

        private long bytes;

        @Override
        public void write(int any) {
            bytes++;
        }

        @Override
        public void write(byte[] any, int from, int length) {
            bytes += length;
        }
    }

    private void begin(WorkerTask task) throws IOException {
        thread("tensorbridge-worker-events", this::readEvents);
        try {
            var out = new ObjectOutputStream(new BufferedOutputStream(process.getOutputStream(), 1 << 16));
            out.writeObject(task);
            out.flush(); // and stays open: the worker ends with it
        } catch (IOException e) {
            throw new IOException("Cannot start a worker: " + end(), e);
        }
    }

    private static Thread thread(String name, Runnable work) {
        var thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void readEvents() {
        try (var in = new ObjectInputStream(process.getInputStream())) {
            while (true) {
                events.add(Optional.of((WorkerEvent) in.readObject()));
            }
        } catch (EOFException e) {
            LOG.debug("Worker {} says nothing more", process.pid(), e);
        } catch (IOException | ClassNotFoundException | RuntimeException e) {
            LOG.warn("Worker {} cannot be understood any more", process.pid(), e);
        } finally {
            events.add(Optional.empty());
        }
    }

    private void readErrors() {
        InputStream in = process.getErrorStream();
        try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                LOG.debug("worker {}: {}", process.pid(), line);
                synchronized (lastLines) {
                    lastLines.add(line);
                    if (lastLines.size() > LAST_LINES) {
                        lastLines.remove();
                    }
                }
            }
        } catch (IOException e) {
            LOG.debug("A worker's standard error has ended", e);
        }
    }

    /**
     * Waits for the next event.
     *
     * @return what the worker says, which is a failure of the machine's if its process has ended without saying so; nothing if it
     *     did not say anything for so long
     */
    public Optional<WorkerEvent> next(Duration wait) throws InterruptedException {
        Optional<WorkerEvent> event = events.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        if (event == null) {
            return Optional.empty();
        } else if (event.isEmpty()) {
            events.add(event); // it is the last one
            return Optional.of(new Failed(Failed.Kind.MACHINE, -1, end()));
        }
        return event;
    }

    private String end() {
        try {
            process.waitFor(5, TimeUnit.SECONDS);
            errors.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        String ended = process.isAlive() ? "does not answer" : "ended with exit code " + process.exitValue();
        synchronized (lastLines) {
            return lastLines.isEmpty()
                    ? "its process %s, without a word".formatted(ended)
                    : "its process %s, having said last:\n%s".formatted(ended, String.join("\n", lastLines));
        }
    }

    /** Returns the number of the process. */
    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        boolean interrupted = false;
        while (process.isAlive()) {
            try {
                process.waitFor(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) { // it ends at once, and its files are removed after this
                interrupted = true;
            }
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) { // which is what runs the hook
            LOG.debug("This process ends as well", e);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
