package io.tensorbridge.internal.hadoop;

import io.tensorbridge.model.internal.ModelFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;

/**
 * A path in a file system of Hadoop's. Hadoop's exceptions name the whole path, with whatever secret there is in it; so none is
 * handed on, not even as a cause.
 */
public record HadoopPlace(FileSystem fileSystem, Path path, Redaction redaction) {

    /** What is asked of a file system. */
    public interface Access<T> {
        T access() throws IOException;
    }

    /**
     * Returns the place of a URI, which is looked at when it is used.
     *
     * @param cannot the beginning of messages, such as {@code Cannot load model}
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     */
    public static HadoopPlace at(SparkSession spark, String cannot, String uri) {
        return at(configurationOf(spark, cannot), cannot, uri);
    }

    /** Returns how a session, and what was set in it, configures Hadoop. */
    public static Configuration configurationOf(SparkSession spark, String cannot) {
        return spark instanceof org.apache.spark.sql.classic.SparkSession classic
                ? classic.sessionState().newHadoopConf()
                : notClassic(cannot);
    }

    /** Returns the place of a URI as {@link #at(SparkSession, String, String)} does, where there is no session. */
    public static HadoopPlace at(Configuration conf, String cannot, String uri) {
        var redaction = new Redaction(uri);
        String what = "%s '%s'".formatted(cannot, redaction.uri());
        try {
            var path = new Path(uri);
            return new HadoopPlace(path.getFileSystem(conf), path, redaction);
        } catch (UnsupportedFileSystemException e) {
            throw withoutFileSystem(what, redaction);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "%s: expected a file system that answers, found none (%s). Mend the URI, or Hadoop's configuration"
                            .formatted(what, redaction.of(e)));
        } catch (IllegalArgumentException e) { // the cause holds the URI
            throw new IllegalArgumentException(
                    "%s: expected a URI, found none (%s). Mend the URI".formatted(what, redaction.of(e)));
        } catch (RuntimeException e) {
            if (e.getCause() instanceof ClassNotFoundException) { // of those that Hadoop knows but does not bring
                throw withoutFileSystem(what, redaction);
            }
            throw e;
        }
    }

    private static IllegalArgumentException withoutFileSystem(String what, Redaction redaction) {
        return new IllegalArgumentException(
                "%s: expected a scheme that Hadoop has a file system for, found '%s'. Add its connector to Spark's class path"
                        .formatted(what, redaction.scheme()));
    }

    private static Configuration notClassic(String cannot) {
        throw new UnsupportedOperationException(
                "%s: expected a session of Spark's own, found one of Spark Connect. Do it where the driver is"
                        .formatted(cannot));
    }

    /** Returns the URI as it may be shown. */
    public String location() {
        return redaction.uri();
    }

    /** Returns a path below this one; a name may hold what has a meaning in URIs. */
    public Path below(String relative) {
        return new Path(path, new Path(null, null, relative));
    }

    /** Asks something of the file system, and throws what may be shown of its exceptions. */
    public <T> T hadoop(Access<T> access) throws IOException {
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
