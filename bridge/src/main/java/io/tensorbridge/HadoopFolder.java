package io.tensorbridge;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelLimits;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** A model in a file system of Hadoop's: a directory, a zip archive, or one file. Safe for use by several threads. */
final class HadoopFolder implements ModelFolder {

    private final FileSystem fileSystem;
    private final Path root;
    private final Redaction redaction;
    private @Nullable CopiedArchive archive; // guarded by this

    private HadoopFolder(FileSystem fileSystem, Path root, Redaction redaction) {
        this.fileSystem = fileSystem;
        this.root = root;
        this.redaction = redaction;
    }

    /** Returns the model at a URI, which is looked at when files are asked for. */
    static ModelFolder at(SparkSession spark, String uri) {
        var redaction = new Redaction(uri);
        Configuration conf = spark instanceof org.apache.spark.sql.classic.SparkSession classic
                ? classic.sessionState().newHadoopConf()
                : notClassic();
        try {
            var path = new Path(uri);
            FileSystem fileSystem = path.getFileSystem(conf);
            return new HadoopFolder(fileSystem, path, redaction);
        } catch (UnsupportedFileSystemException e) {
            throw withoutFileSystem(redaction);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "Cannot load model '%s': expected a file system that answers, found none (%s). Mend the URI, or Hadoop's configuration"
                            .formatted(redaction.uri(), redaction.of(e)));
        } catch (IllegalArgumentException e) { // the cause holds the URI
            throw new IllegalArgumentException("Cannot load model '%s': expected a URI, found none (%s). Mend the URI"
                    .formatted(redaction.uri(), redaction.of(e)));
        } catch (RuntimeException e) {
            if (e.getCause() instanceof ClassNotFoundException) { // of those that Hadoop knows but does not bring
                throw withoutFileSystem(redaction);
            }
            throw e;
        }
    }

    private static IllegalArgumentException withoutFileSystem(Redaction redaction) {
        return new IllegalArgumentException(
                "Cannot load model '%s': expected a scheme that Hadoop has a file system for, found '%s'. Add its connector to Spark's class path"
                        .formatted(redaction.uri(), redaction.scheme()));
    }

    private static Configuration notClassic() {
        throw new UnsupportedOperationException(
                "Cannot load a model: expected a session of Spark's own, found one of Spark Connect. Load the model where the driver is");
    }

    @Override
    public String location() {
        return redaction.uri();
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        SortedMap<String, Long> lengths = new TreeMap<>();
        boolean isDirectory = hadoop(() -> {
            FileStatus status = fileSystem.getFileStatus(root);
            if (status.isDirectory()) {
                addFiles("", root, lengths);
            } else {
                lengths.put(root.getName(), status.getLen());
            }
            return status.isDirectory();
        });
        return isDirectory || !isZip() ? lengths : archive().files().list();
    }

    private boolean isZip() {
        return root.getName().toLowerCase(Locale.ROOT).endsWith(".zip");
    }

    /** A zip archive is read from its end, so it is copied here first; once, since it is read file by file. */
    private synchronized CopiedArchive archive() throws IOException {
        if (archive == null) {
            try (InputStream in = new Stream(hadoop(() -> fileSystem.open(root)))) {
                archive = CopiedArchive.of(in, location());
            }
        }
        return archive;
    }

    private void addFiles(String prefix, Path directory, SortedMap<String, Long> lengths) throws IOException {
        for (FileStatus status : fileSystem.listStatus(directory)) {
            String path = prefix + status.getPath().getName();
            if (isLink(status)) {
                throw new ModelFileException(
                        "expected files alone at '%s', found '%s' to be a link. Copy the files themselves"
                                .formatted(location(), path));
            }
            if (status.isDirectory()) {
                addFiles(path + "/", status.getPath(), lengths);
            } else {
                lengths.put(path, status.getLen());
            }
            if (lengths.size() > ModelLimits.FILES) {
                throw new ModelFileException("expected a model of at most %d files at '%s', found more. Mend the path"
                        .formatted(ModelLimits.FILES, location()));
            }
        }
    }

    /** Returns whether a file is a link. Of this machine's, Hadoop follows them and says so of none. */
    private static boolean isLink(FileStatus status) {
        URI uri = status.getPath().toUri();
        return status.isSymlink()
                || ("file".equals(uri.getScheme()) && Files.isSymbolicLink(java.nio.file.Path.of(uri.getPath())));
    }

    @Override
    public InputStream open(String path) throws IOException {
        boolean isDirectory = hadoop(() -> fileSystem.getFileStatus(root)).isDirectory();
        if (!isDirectory && isZip()) {
            return archive().files().open(path);
        }
        Path file = isDirectory ? new Path(root, new Path(null, null, path)) : root;
        return new Stream(hadoop(() -> fileSystem.open(file)));
    }

    /** A file's contents, whose exceptions may be shown. */
    private final class Stream extends FilterInputStream {

        Stream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            return hadoop(super::read);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return hadoop(() -> super.read(bytes, offset, length));
        }

        @Override
        public void close() throws IOException {
            hadoop(() -> {
                super.close();
                return this;
            });
        }
    }

    private interface Access<T> {
        T access() throws IOException;
    }

    /** Hadoop's exceptions name the whole path, with whatever secret there is in it; so none is handed on as a cause. */
    private <T> T hadoop(Access<T> access) throws IOException {
        try {
            return access.access();
        } catch (ModelFileException e) {
            throw e;
        } catch (FileNotFoundException e) {
            throw withoutCause(new NoSuchFileException(location()), e);
        } catch (AccessControlException e) {
            throw withoutCause(new AccessDeniedException(location()), e);
        } catch (IOException | IllegalArgumentException e) { // the latter of a URI that is not the file system's
            throw withoutCause(new IOException(redaction.of(e)), e);
        }
    }

    private static <E extends IOException> E withoutCause(E exception, Exception from) {
        exception.setStackTrace(from.getStackTrace());
        return exception;
    }
}
