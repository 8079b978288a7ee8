package io.tensorbridge.model.internal;

import io.tensorbridge.model.ModelFolder;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipMethod;
import org.jspecify.annotations.Nullable;

/**
 * A model in a zip archive.
 *
 * <p>The archive is not trusted: names that lead out of it, links, devices, names equal but for case, and sizes that no
 * model has are refused before anything is read, and so is more than the archive said there would be.
 *
 * <p>A model that stands in a folder of the archive, the only one at its top, is taken from there. Safe for use by several
 * threads.
 */
public final class ZipFolder implements ModelFolder {

    private static final long RATIO = 100;
    private static final long UNSUSPICIOUS = 1 << 20; // bytes of which any ratio is harmless
    private static final int KIND = 0170000; // of a Unix mode
    private static final int REGULAR = 0100000;
    private static final int DIRECTORY = 0040000;
    private static final int LINK = 0120000;
    private static final Pattern DRIVE = Pattern.compile("^[A-Za-z]:.*", Pattern.DOTALL);
    private static final String RESOURCE_FORKS = "__MACOSX/"; // what macOS adds to archives

    private final Path archive;
    private final String location;

    private ZipFolder(Path archive, String location) {
        this.archive = archive;
        this.location = location;
    }

    /** Returns the model in an archive. */
    public static ZipFolder of(Path archive) {
        return new ZipFolder(archive, archive.toString());
    }

    /** Returns the model in an archive that is a copy of another file, whose location messages are to show. */
    public static ZipFolder copiedFrom(String location, Path archive) {
        return new ZipFolder(archive, location);
    }

    @Override
    public String location() {
        return location;
    }

    @Override
    public SortedMap<String, Long> list() throws IOException {
        try (ZipFile zip = open()) {
            SortedMap<String, Long> lengths = new TreeMap<>();
            entries(zip).forEach((path, entry) -> lengths.put(path, entry.getSize()));
            return lengths;
        }
    }

    @Override
    public InputStream open(String path) throws IOException {
        ZipFile zip = open();
        try {
            ZipArchiveEntry entry = entries(zip).get(path);
            if (entry == null) {
                throw new ModelFileException(
                        "expected file '%s' in archive '%s', found no such file. Make the archive again"
                                .formatted(path, location));
            }
            return new EntryStream(zip, zip.getInputStream(entry), entry, path);
        } catch (IOException | RuntimeException e) {
            zip.close();
            throw e;
        }
    }

    private ZipFile open() throws IOException {
        try {
            return ZipFile.builder().setPath(archive).get();
        } catch (ZipException e) {
            throw new ModelFileException(
                    "expected a zip archive, found '%s' to be none, or not all of one (%s). Make it again"
                            .formatted(location, e.getMessage()),
                    e);
        }
    }

    /** Returns the files of the archive by their paths in the model. */
    private SortedMap<String, ZipArchiveEntry> entries(ZipFile zip) throws IOException {
        SortedMap<String, ZipArchiveEntry> entries = new TreeMap<>();
        Map<String, String> byLowerCase = new HashMap<>();
        long total = 0;
        int count = 0;
        for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
            if (++count > ModelLimits.FILES) {
                throw refused("at most %d files".formatted(ModelLimits.FILES), "more");
            }
            String name = entry.getName();
            checkName(name);
            checkKind(name, entry);
            String other = byLowerCase.putIfAbsent(name.toLowerCase(Locale.ROOT), name);
            if (other != null) {
                throw refused("names that differ by more than case", "'%s' and '%s'".formatted(other, name));
            }
            if (!entry.isDirectory() && !name.startsWith(RESOURCE_FORKS)) {
                checkReadable(zip, name, entry);
                total += entry.getSize();
                if (total < 0 || total > ModelLimits.BYTES) {
                    throw refused("at most %d bytes".formatted(ModelLimits.BYTES), "more");
                }
                entries.put(name, entry);
            }
        }
        checkFolders(entries);
        return withoutTopFolder(entries);
    }

    private void checkFolders(SortedMap<String, ZipArchiveEntry> entries) throws ModelFileException {
        for (String name : entries.keySet()) {
            if (!entries.subMap(name + "/", name + "0").isEmpty()) { // 0 is the character behind the slash
                throw refused("files or folders", "'%s' to be both".formatted(name));
            }
        }
    }

    private void checkName(String name) throws ModelFileException {
        boolean leadsOut = name.startsWith("/") || DRIVE.matcher(name).matches();
        for (String part : name.split("/", -1)) {
            leadsOut |= part.equals("..") || part.equals(".");
        }
        if (leadsOut || name.contains("\\") || name.contains("\0") || name.contains("//") || name.isEmpty()) {
            throw refused("names of files inside of it", "'%s'".formatted(name));
        }
    }

    private void checkKind(String name, ZipArchiveEntry entry) throws ModelFileException {
        int kind = entry.getUnixMode() & KIND;
        if (entry.isUnixSymlink() || kind == LINK) {
            throw refused("files alone", "'%s' to be a link".formatted(name));
        }
        if (kind != 0 && kind != REGULAR && kind != DIRECTORY) {
            throw refused("files alone", "'%s' to be a device or a pipe".formatted(name));
        }
    }

    private void checkReadable(ZipFile zip, String name, ZipArchiveEntry entry) throws ModelFileException {
        if (entry.getGeneralPurposeBit().usesEncryption()) {
            throw refused("files that are not encrypted", "'%s' to be so".formatted(name));
        }
        if (!zip.canReadEntryData(entry)
                || (entry.getMethod() != ZipMethod.STORED.getCode()
                        && entry.getMethod() != ZipMethod.DEFLATED.getCode())) {
            throw refused(
                    "files that are stored or deflated",
                    "'%s' to be compressed by method %d".formatted(name, entry.getMethod()));
        }
        long size = entry.getSize();
        long compressed = entry.getCompressedSize();
        if (size < 0 || compressed < 0) {
            throw refused("the sizes of its files", "none of '%s'".formatted(name));
        }
        if (size > UNSUSPICIOUS && size / RATIO > compressed) {
            throw refused(
                    "files that are compressed to no less than 1 in %d".formatted(RATIO),
                    "'%s' of %d bytes in %d".formatted(name, size, compressed));
        }
    }

    private static SortedMap<String, ZipArchiveEntry> withoutTopFolder(SortedMap<String, ZipArchiveEntry> entries) {
        if (entries.isEmpty()) {
            return entries;
        }
        String top = entries.firstKey().substring(0, entries.firstKey().indexOf('/') + 1);
        if (top.isEmpty() || !entries.keySet().stream().allMatch(name -> name.startsWith(top))) {
            return entries;
        }
        SortedMap<String, ZipArchiveEntry> inside = new TreeMap<>();
        entries.forEach((name, entry) -> inside.put(name.substring(top.length()), entry));
        return inside;
    }

    private ModelFileException refused(String expected, String found) {
        return new ModelFileException(
                "expected %s in archive '%s', found %s. Make the archive again, of the model's files alone"
                        .formatted(expected, location, found));
    }

    /** The contents of an entry, as the archive said they would be; it closes the archive as well. */
    private static final class EntryStream extends InputStream {

        private final ZipFile zip;
        private final InputStream in;
        private final CRC32 crc = new CRC32();
        private final ZipArchiveEntry entry;
        private final String path;
        private long left;

        EntryStream(ZipFile zip, InputStream in, ZipArchiveEntry entry, String path) {
            this.zip = zip;
            this.in = in;
            this.entry = entry;
            this.left = entry.getSize();
            this.path = path;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            int count = read(one, 0, 1);
            return count < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count;
            try {
                count = in.read(bytes, offset, length);
            } catch (ZipException | EOFException e) {
                throw changed("it damaged", e);
            }
            if (count > 0) {
                left -= count;
                crc.update(bytes, offset, count);
            }
            if (left < 0) {
                throw changed("it longer", /* cause= */ null);
            }
            if (count < 0 && left > 0) {
                throw changed("it shorter", /* cause= */ null);
            }
            if (count < 0 && crc.getValue() != entry.getCrc()) {
                throw changed("other contents", /* cause= */ null);
            }
            return count;
        }

        private ModelFileException changed(String found, @Nullable IOException cause) {
            var changed = new ModelFileException(
                    "expected file '%s' as the archive says it is, found %s. Make the archive again"
                            .formatted(path, found));
            if (cause != null) {
                changed.initCause(cause);
            }
            return changed;
        }

        @Override
        public void close() throws IOException {
            try (zip) {
                in.close();
            }
        }
    }
}
