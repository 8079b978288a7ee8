package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PositionedReadable;
import org.apache.hadoop.fs.Seekable;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.Progressable;

/** A file system of Hadoop's alone, {@code memory:}, whose files nothing else can find. It has no empty directories. */
public final class MemoryFileSystem extends FileSystem {

    public static final String SCHEME = "memory";

    /** What it holds, by path. */
    public static final Map<String, byte[]> FILES = new ConcurrentSkipListMap<>();

    /** How many bytes can be written at once. */
    public static volatile long room = Long.MAX_VALUE;

    /** How many files of a directory are moved before that breaks off. */
    public static final AtomicLong MOVES = new AtomicLong(Long.MAX_VALUE);

    /** What is done before a directory is moved. */
    static volatile Intervention beforeRename = () -> {};

    /** Something that happens meanwhile. */
    interface Intervention {
        void happen() throws IOException;
    }

    private URI uri = URI.create(SCHEME + ":///");

    @Override
    public void initialize(URI name, Configuration conf) throws IOException {
        super.initialize(name, conf);
        uri = URI.create(SCHEME + "://" + (name.getRawAuthority() == null ? "/" : name.getRawAuthority()));
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public URI getUri() {
        return uri;
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        String name = path.toUri().getPath();
        if (name.startsWith("/forbidden")) {
            throw new AccessControlException("Permission denied: " + path);
        }
        byte[] file = FILES.get(name);
        if (file != null) {
            return new FileStatus(file.length, false, 1, 1, 0, makeQualified(path));
        }
        if (FILES.keySet().stream().anyMatch(other -> other.startsWith(name + "/"))) {
            return new FileStatus(0, true, 1, 1, 0, makeQualified(path));
        }
        throw new FileNotFoundException("File does not exist: " + path);
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        String folder = path.toUri().getPath() + "/";
        Map<String, FileStatus> children = new TreeMap<>();
        for (String name : FILES.keySet()) {
            if (name.startsWith(folder)) {
                String child = name.substring(folder.length()).split("/", -1)[0];
                children.put(child, getFileStatus(new Path(path, child)));
            }
        }
        return children.values().toArray(FileStatus[]::new);
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        getFileStatus(path);
        String name = path.toUri().getPath();
        if (name.contains("unreachable")) {
            throw new IOException("No answer from " + path + ", try https://user:secret@host/" + "?token=1234");
        }
        return new FSDataInputStream(new Contents(requireNonNull(FILES.get(name))));
    }

    private static final class Contents extends ByteArrayInputStream implements Seekable, PositionedReadable {

        Contents(byte[] contents) {
            super(contents);
        }

        @Override
        public void seek(long position) {
            pos = (int) position;
        }

        @Override
        public long getPos() {
            return pos;
        }

        @Override
        public boolean seekToNewSource(long target) {
            return false;
        }

        @Override
        public int read(long position, byte[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readFully(long position, byte[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readFully(long position, byte[] bytes) {
            throw new UnsupportedOperationException();
        }
    }

    @Override
    public FSDataOutputStream create(
            Path path,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        String name = path.toUri().getPath();
        if (name.startsWith("/forbidden")) {
            throw new AccessControlException("Permission denied: " + path);
        }
        return new FSDataOutputStream(
                new FilterOutputStream(new ByteArrayOutputStream()) {
                    @Override
                    public void write(byte[] bytes, int offset, int length) throws IOException {
                        if (length > room) {
                            throw new IOException("No space left for " + path + "?token=1234");
                        }
                        out.write(bytes, offset, length);
                    }

                    @Override
                    public void close() {
                        FILES.put(name, ((ByteArrayOutputStream) out).toByteArray());
                    }
                },
                /* stats= */ null);
    }

    @Override
    public FSDataOutputStream append(Path path, int bufferSize, Progressable progress) {
        throw new UnsupportedOperationException();
    }

    /**
     * As Hadoop has it, a directory that is moved to where there is one already goes into that one; as with object stores, file
     * by file, and the old ones are removed at last.
     */
    @Override
    public boolean rename(Path from, Path to) throws IOException {
        beforeRename.happen();
        String old = from.toUri().getPath() + "/";
        boolean isThere = exists(to);
        String moved = (isThere ? new Path(to, from.getName()) : to).toUri().getPath() + "/";
        List<String> names =
                FILES.keySet().stream().filter(name -> name.startsWith(old)).toList();
        for (String name : names) {
            countMove();
            FILES.put(moved + name.substring(old.length()), requireNonNull(FILES.get(name)));
        }
        countMove();
        names.forEach(FILES::remove);
        return !names.isEmpty();
    }

    private static void countMove() throws IOException {
        if (MOVES.getAndDecrement() <= 0) {
            throw new IOException("Broken off");
        }
    }

    @Override
    public boolean delete(Path path, boolean recursive) {
        String name = path.toUri().getPath();
        return FILES.keySet().removeIf(file -> file.equals(name) || file.startsWith(name + "/"));
    }

    @Override
    public boolean mkdirs(Path path, FsPermission permission) {
        return true;
    }

    @Override
    public void setWorkingDirectory(Path directory) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path getWorkingDirectory() {
        return new Path(uri.resolve("/"));
    }
}
