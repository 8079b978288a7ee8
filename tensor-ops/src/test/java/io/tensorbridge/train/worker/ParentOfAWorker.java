package io.tensorbridge.train.worker;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.List;

/** A process that starts a worker, says its number, and waits to be killed. */
final class ParentOfAWorker {

    private ParentOfAWorker() {}

    static Process start(WorkerTask task, Path directory) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens=java.base/java.nio=ALL-UNNAMED",
                        "-cp",
                        Workers.CLASS_PATH,
                        ParentOfAWorker.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var out = new ObjectOutputStream(process.getOutputStream())) {
            out.writeObject(task);
        }
        return process;
    }

    public static void main(String[] arguments) throws IOException, ClassNotFoundException, InterruptedException {
        WorkerTask task;
        try (var in = new ObjectInputStream(System.in)) {
            task = (WorkerTask) in.readObject();
        }
        try (WorkerProcess process =
                WorkerProcess.start(task, List.of(Workers.CLASS_PATH), Path.of(arguments[0]), /* heapMiB= */ 128)) {
            System.out.println(process.pid());
            Thread.sleep(Long.MAX_VALUE);
        }
    }
}
