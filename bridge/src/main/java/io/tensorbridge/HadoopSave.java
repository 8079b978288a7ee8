package io.tensorbridge;

import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.internal.hadoop.Redaction;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SavedPlace;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The saving of a program in a file system of Hadoop's: written beside its place, then moved there. */
final class HadoopSave {

    /** How the names of directories begin that are on their way; Spark takes them for hidden. */
    private static final String ON_ITS_WAY = "_tensorbridge-";

    private static final Logger LOG = LoggerFactory.getLogger(HadoopSave.class);

    private final Program program;
    private final HadoopPlace place;
    private final FileSystem fileSystem;
    private final Path root;

    private HadoopSave(Program program, HadoopPlace place) {
        this.program = program;
        this.place = place;
        this.fileSystem = place.fileSystem();
        this.root = place.path();
    }

    static HadoopSave of(SparkSession spark, Program program, String uri) {
        return new HadoopSave(program, HadoopPlace.at(spark, "Cannot save program to", uri));
    }

    /** Saves the program where there is nothing. */
    String toNewPlace() {
        return saving(() -> {
            if (find() == Found.PROGRAM) {
                throw occupied("a saved program", "Save it elsewhere, or replace that one with Models.overwrite(…)");
            }
            return writeAndMove();
        });
    }

    /** Saves the program where there is nothing, or a program. */
    String inPlaceOfAnother() {
        return saving(() -> find() == Found.NOTHING ? writeAndMove() : writeAndSwap());
    }

    private String saving(HadoopPlace.Access<String> save) {
        try {
            return save.access();
        } catch (ModelFileException e) {
            throw new ProgramException(what(), String.valueOf(e.getMessage()), e);
        } catch (AccessDeniedException e) {
            throw new ProgramException(
                    what(),
                    "expected a place that can be written at '%s', found no permission. Let the driver's user write there"
                            .formatted(place.location()),
                    e);
        } catch (IOException e) {
            throw new ProgramException(
                    what(),
                    "expected '%s' to take its files, found that it does not (%s). Try again, or save it elsewhere"
                            .formatted(place.location(), e.getMessage()),
                    e);
        }
    }

    private String what() {
        return "Cannot save program '%s'".formatted(program.name());
    }

    private ModelFileException occupied(String found, String cure) {
        return new ModelFileException(
                "expected nothing at '%s', found %s. %s".formatted(place.location(), found, cure));
    }

    private enum Found {
        NOTHING,
        PROGRAM
    }

    /** Looks at the place, and removes an empty directory there, into which others would be moved. */
    private Found find() throws IOException {
        if (root.getParent() == null) {
            throw new ModelFileException("expected a directory to save it in, found the root of '%s'. Name one below it"
                    .formatted(place.location()));
        }
        FileStatus[] files;
        try {
            files = place.hadoop(this::list);
        } catch (NoSuchFileException e) {
            return Found.NOTHING;
        }
        if (files.length > 0) {
            if (!SavedPlace.isProgramAlone(HadoopFolder.of(place))) {
                throw occupied("other files", "Save it elsewhere, or remove them");
            }
            return Found.PROGRAM;
        }
        if (!place.hadoop(() -> fileSystem.delete(root, /* recursive= */ false))) {
            throw new IOException("the empty directory there cannot be removed");
        }
        return Found.NOTHING;
    }

    private FileStatus[] list() throws IOException {
        if (!fileSystem.getFileStatus(root).isDirectory()) {
            throw occupied("a file", "Save it elsewhere");
        }
        return fileSystem.listStatus(root);
    }

    private Path sibling() {
        return new Path(root.getParent(), ON_ITS_WAY + UUID.randomUUID());
    }

    private String writeAndMove() throws IOException {
        Path written = sibling();
        boolean done = false;
        try {
            String sha256 = write(written);
            moveToPlace(written);
            done = true;
            return sha256;
        } finally {
            if (!done) {
                remove(written);
            }
        }
    }

    private String writeAndSwap() throws IOException {
        Path old = sibling();
        Path written = sibling();
        boolean done = false;
        try {
            String sha256 = write(written);
            place.hadoop(() -> move(root, old));
            try {
                moveToPlace(written);
                done = true;
            } finally {
                if (done) {
                    remove(old);
                } else {
                    putBack(old);
                }
            }
            return sha256;
        } finally {
            if (!done) {
                remove(written);
            }
        }
    }

    private String write(Path directory) {
        return program.save(new Target(place, directory));
    }

    private void moveToPlace(Path directory) throws IOException {
        boolean isThere = place.hadoop(() -> {
            move(directory, root);
            return !isTakenIn(directory);
        });
        if (!isThere) {
            throw occupied("what somebody else saved there meanwhile", "Save it elsewhere, or again");
        }
    }

    private Path move(Path from, Path to) throws IOException {
        if (!fileSystem.rename(from, to)) {
            throw new IOException("the directory that holds them cannot be moved there");
        }
        return to;
    }

    /** Returns whether a directory went into another that was there, as it does in Hadoop's file systems; and removes it. */
    private boolean isTakenIn(Path directory) throws IOException {
        Path inside = new Path(root, directory.getName());
        if (!fileSystem.exists(inside)) {
            return false;
        }
        remove(inside);
        return true;
    }

    /** Makes the place what it was, unless a whole program has come there since: somebody else's, or the new one after all. */
    private void putBack(Path old) {
        try {
            if (SavedPlace.isWholeProgram(HadoopFolder.of(place))) {
                remove(old);
            } else { // there is nothing, or what a move that broke off has left
                fileSystem.delete(root, /* recursive= */ true);
                move(old, root);
                isTakenIn(old);
            }
        } catch (IOException e) { // the reason why it is put back is told
            LOG.error(
                    "Left what was at {} in {}: {}",
                    place.location(),
                    new Redaction(old.toString()).uri(),
                    place.redaction().of(e));
        }
    }

    private void remove(Path directory) {
        try {
            fileSystem.delete(directory, /* recursive= */ true);
        } catch (IOException e) { // it is in nobody's way
            LOG.warn(
                    "Cannot remove {}: {}",
                    new Redaction(directory.toString()).uri(),
                    place.redaction().of(e));
        }
    }

    private record Target(HadoopPlace place, Path directory) implements ModelTarget {

        @Override
        public String location() {
            return place.location();
        }

        @Override
        public OutputStream create(String path) throws IOException {
            Path file = new Path(directory, new Path(null, null, path));
            return new Stream(place, place.hadoop(() -> place.fileSystem().create(file, /* overwrite= */ false)));
        }
    }

    /** What is written of a file, whose exceptions may be shown. */
    private static final class Stream extends FilterOutputStream {

        private final HadoopPlace place;

        Stream(HadoopPlace place, OutputStream out) {
            super(out);
            this.place = place;
        }

        @Override
        public void write(int value) throws IOException {
            place.hadoop(() -> {
                out.write(value);
                return this;
            });
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            place.hadoop(() -> {
                out.write(bytes, offset, length);
                return this;
            });
        }

        @Override
        public void close() throws IOException {
            place.hadoop(() -> {
                out.close();
                return this;
            });
        }
    }
}
