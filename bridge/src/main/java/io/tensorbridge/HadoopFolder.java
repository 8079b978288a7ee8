package io.tensorbridge;

import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelLimits;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** A model in a file system of Hadoop's: a directory, a zip archive, or one file. Safe for use by several threads. */
final class HadoopFolder implements ModelFolder {

    private final HadoopPlace place;
    private final FileSystem fileSystem;
    private final Path root;
    private @Nullable CopiedArchive archive; // guarded by this

    private HadoopFolder(HadoopPlace place) {
        this.place = place;
        this.fileSystem = place.fileSystem();
        this.root = place.path();
    }

    /** Returns the model at a URI, which is looked at when files are asked for. */
    static ModelFolder at(SparkSession spark, String uri) {
        return of(HadoopPlace.at(spark, "Cannot load model", uri));
    }

    /** Returns the model at a place, which is looked at when files are asked for. */
    static ModelFolder of(HadoopPlace place) {
        return new HadoopFolder(place);
    }

    @Override
    public String location() {
        return place.location();
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        SortedMap<String, Long> lengths = new TreeMap<>();
        boolean isDirectory = place.hadoop(() -> {
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
            try (InputStream in = new Stream(place.hadoop(() -> fileSystem.open(root)))) {
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
        boolean isDirectory = place.hadoop(() -> fileSystem.getFileStatus(root)).isDirectory();
        if (!isDirectory && isZip()) {
            return archive().files().open(path);
        }
        Path file = isDirectory ? place.below(path) : root;
        return new Stream(place.hadoop(() -> fileSystem.open(file)));
    }

    /** A file's contents, whose exceptions may be shown. */
    private final class Stream extends FilterInputStream {

        Stream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            return place.hadoop(super::read);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return place.hadoop(() -> super.read(bytes, offset, length));
        }

        @Override
        public void close() throws IOException {
            place.hadoop(() -> {
                super.close();
                return this;
            });
        }
    }
}
