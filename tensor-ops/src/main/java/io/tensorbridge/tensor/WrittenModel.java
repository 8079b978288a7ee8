package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.PrivateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a saved model in a private directory, for TensorFlow to load: written, read again to see that they are the
 * program's, and removed when this is closed.
 *
 * <p>All that says what TensorFlow is to do is compared before it sees any of it. The values of variables, which are most of a
 * large model and no part of its graph, are compared while it reads them; nobody is given the session before they are.
 */
final class WrittenModel implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WrittenModel.class);

    /** What to do about files that were changed on their way. */
    static final String IF_AGAIN = "Run it again; if it fails again on this machine, check its disk and memory";

    private final String what;
    private final Program program;
    private final Path directory;

    private WrittenModel(String what, Program program, Path directory) {
        this.what = what;
        this.program = program;
        this.directory = directory;
    }

    /**
     * Writes the files of a program.
     *
     * @param what the beginning of messages, such as {@code Cannot load program 'iris'}
     * @throws ProgramException if there is no place for them
     */
    static WrittenModel of(String what, Program program) {
        Path directory;
        try {
            directory = PrivateDirectory.ofThisProcess().newDirectory();
        } catch (IOException e) {
            throw new ProgramException(what, PrivateDirectory.describe(e), e);
        }
        var written = new WrittenModel(what, program, directory);
        try {
            program.files().writeTo(directory);
            return written;
        } catch (IOException e) {
            written.close();
            throw written.notWritten(e);
        }
    }

    /**
     * Loads the model.
     *
     * @throws ProgramException if the files are not the program's any more, or TensorFlow does not load them
     */
    NativeSession load(byte[] config) {
        checkAllButValues();
        var check = new FutureTask<>(() -> ModelFiles.digestOf(directory));
        var thread = new Thread(check, "tensorbridge-model-check");
        thread.setDaemon(true);
        thread.start();
        NativeSession session;
        try {
            session = NativeSession.ofSavedModel(what, directory, program.tags(), config);
        } catch (RuntimeException | Error e) {
            try {
                compare(digest(check)); // which may be why
            } catch (ProgramException changed) {
                changed.addSuppressed(e);
                throw changed;
            }
            throw e;
        }
        try {
            compare(digest(check));
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /**
     * Loads the model with its graph put on a device, for which the file of the graph is written again.
     *
     * @param device such as {@code /device:GPU:1}
     */
    NativeSession load(byte[] config, String device) {
        try {
            compare(ModelFiles.digestOf(directory));
            Path model = directory.resolve(ModelFiles.SAVED_MODEL);
            Files.write(model, Placement.ofSavedModel(Files.readAllBytes(model), device));
        } catch (InvalidProtocolBufferException e) {
            throw new ProgramException(what, "its graph cannot be read (%s)".formatted(e.getMessage()), e);
        } catch (IOException e) {
            throw notWritten(e);
        }
        return NativeSession.ofSavedModel(what, directory, program.tags(), config);
    }

    private void checkAllButValues() {
        try {
            for (String path : program.files().paths()) {
                if (!path.startsWith(ModelFiles.VARIABLES_DATA)
                        && !program.files().isIn(directory, path)) {
                    throw changed(ModelFiles.digestOf(directory));
                }
            }
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    private void compare(String found) {
        if (!found.equals(program.sha256())) {
            throw changed(found);
        }
    }

    private ProgramException changed(String found) {
        return new ProgramException(
                what,
                "expected files of SHA-256 %s, found %s in %s, so they were changed on their way. %s"
                        .formatted(program.sha256(), found, directory, IF_AGAIN));
    }

    /** Waits for a check to end, however often this thread is interrupted: it ends soon, and reads what is removed then. */
    private String digest(FutureTask<String> check) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return check.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof IOException cause) {
                        throw notWritten(cause);
                    }
                    throw new IllegalStateException("Cannot compare the files of " + program, e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private ProgramException notWritten(IOException e) {
        return new ProgramException(
                what,
                "cannot write its files to %s (%s). %s"
                        .formatted(directory, PrivateDirectory.describe(e), PrivateDirectory.cure()),
                e);
    }

    @Override
    public void close() {
        try {
            PrivateDirectory.delete(directory);
        } catch (IOException e) { // what is loaded is loaded
            LOG.warn("Cannot remove the temporary files of program '{}' in {}", program.name(), directory, e);
        }
    }
}
