package io.tensorbridge.model.internal;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.BundleTable.Row;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/**
 * A checkpoint among the files of a model: an index of tensors, and data files with their values.
 *
 * <p>TensorFlow reads such files late, on executors, and what it then says of missing or broken ones tells little; here
 * all of it is checked on the driver. Safe for use by several threads.
 */
public final class CheckpointFiles {

    private static final int LARGEST_INDEX = 1 << 30;

    private final ModelFiles files;
    private final String prefix;
    private final int shards;
    private final Map<String, BundleEntry> entries;

    private CheckpointFiles(ModelFiles files, String prefix, int shards, Map<String, BundleEntry> entries) {
        this.files = files;
        this.prefix = prefix;
        this.shards = shards;
        this.entries = entries;
    }

    /** Returns the path of the index of a checkpoint. */
    public static String indexOf(String prefix) {
        return prefix + ".index";
    }

    /** Returns the path of a data file of a checkpoint. */
    public static String shardOf(String prefix, int shard, int shards) {
        return "%s.data-%05d-of-%05d".formatted(prefix, shard, shards);
    }

    /**
     * Reads the index of a checkpoint, and checks that the data files are there and long enough.
     *
     * @param files the files of a model
     * @param prefix what the names of its files begin with, such as {@code variables/variables}
     * @throws ModelFileException if the index or a data file is missing, or is not as it was written
     * @throws IOException if the index cannot be read
     */
    public static CheckpointFiles read(ModelFiles files, String prefix) throws IOException {
        String index = indexOf(prefix);
        requireThere(files, index);
        if (files.length(index) > LARGEST_INDEX) {
            throw new ModelFileException(
                    "expected the index of a checkpoint, found file '%s' to have %d bytes. Copy it again, or export it again"
                            .formatted(index, files.length(index)));
        }
        List<Row> rows = BundleTable.read(files.bytes(index), index);
        if (rows.isEmpty() || !rows.get(0).key().isEmpty()) {
            throw new ModelFileException(
                    "expected the index of a checkpoint, found file '%s' to have no header. Copy it again, or export it again"
                            .formatted(index));
        }
        CheckpointFiles checkpoint;
        try {
            Map<String, BundleEntry> entries = new LinkedHashMap<>();
            for (Row row : rows.subList(1, rows.size())) {
                BundleEntry entry = BundleEntry.read(row);
                entries.put(entry.name(), entry);
            }
            checkpoint = new CheckpointFiles(files, prefix, BundleEntry.shardsOf(rows.get(0)), entries);
        } catch (InvalidProtocolBufferException e) {
            throw new ModelFileException(
                    "expected the index of a checkpoint, found file '%s' to have another kind of entries. Export the model again"
                            .formatted(index),
                    e);
        }
        checkpoint.checkShards();
        return checkpoint;
    }

    private static void requireThere(ModelFiles files, String path) throws ModelFileException {
        if (!files.paths().contains(path)) {
            throw new ModelFileException(
                    "expected file '%s', since the model has variables, found no such file. Copy the whole directory"
                            .formatted(path));
        }
    }

    private void checkShards() throws ModelFileException {
        for (int shard = 0; shard < shards; shard++) {
            requireThere(files, shardOf(prefix, shard, shards));
        }
        for (BundleEntry entry : entries.values()) {
            if (entry.inParts()) {
                continue;
            }
            if (entry.shard() < 0
                    || entry.shard() >= shards
                    || entry.offset() < 0
                    || entry.size() < 0
                    || entry.offset() > Long.MAX_VALUE - entry.size()) {
                throw new ModelFileException(
                        "expected the index of a checkpoint, found file '%s' to have variable '%s' at an impossible place. Copy it again, or export it again"
                                .formatted(indexOf(prefix), entry.name()));
            }
            String path = shardOf(prefix, entry.shard(), shards);
            if (entry.offset() + entry.size() > files.length(path)) {
                throw new ModelFileException(
                        "expected variable '%s' to end at byte %d of file '%s', found the file to have %d. Copy it again"
                                .formatted(entry.name(), entry.offset() + entry.size(), path, files.length(path)));
            }
        }
    }

    /** Returns the type of a tensor that is stored under this name; nothing if none is. */
    public Optional<DataType> typeOf(String name) {
        return Optional.ofNullable(entries.get(name)).map(BundleEntry::type);
    }

    /** Returns the names of the tensors that are stored, in order; among them may be some that are no variables. */
    public SortedSet<String> names() {
        return new TreeSet<>(entries.keySet());
    }

    /** Returns the shape of a tensor that is stored under this name; nothing if none is. */
    public Optional<TensorShapeProto> shapeOf(String name) {
        return Optional.ofNullable(entries.get(name)).map(BundleEntry::shape);
    }

    /** Returns the paths of the files: the index, then the data files in order. */
    public List<String> paths() {
        List<String> paths = new ArrayList<>();
        paths.add(indexOf(prefix));
        for (int shard = 0; shard < shards; shard++) {
            paths.add(shardOf(prefix, shard, shards));
        }
        return paths;
    }

    /**
     * Reads the values of a tensor that is stored under this name.
     *
     * @return the elements one after the other, as they lie in a tensor's memory
     * @throws ModelFileException if there is no such tensor, its values are not as they were written, or they have no such form
     * @throws IOException if the data file cannot be read
     */
    public byte[] valuesOf(String name) throws IOException {
        BundleEntry entry = entries.get(name);
        if (entry == null) {
            throw new ModelFileException(
                    "expected variable '%s', found none of that name in file '%s'".formatted(name, indexOf(prefix)));
        }
        if (entry.inParts() || entry.type() == DataType.DT_STRING || entry.type() == DataType.DT_VARIANT) {
            throw new ModelFileException("expected variable '%s' of numbers and in one part, found %s in file '%s'"
                    .formatted(name, entry.inParts() ? "parts" : entry.type(), indexOf(prefix)));
        }
        if (entry.size() > ModelFiles.LONGEST_ARRAY) {
            throw new ModelFileException("expected variable '%s' of at most %d bytes, found %d in file '%s'"
                    .formatted(name, ModelFiles.LONGEST_ARRAY, entry.size(), indexOf(prefix)));
        }
        String path = shardOf(prefix, entry.shard(), shards);
        byte[] values;
        try (InputStream in = files.open(path)) {
            in.skipNBytes(entry.offset());
            values = in.readNBytes((int) entry.size()); // its end was compared with the length of the file
        }
        if (MaskedCrc.of(values, 0, values.length) != entry.crc()) {
            throw changed(entry, path);
        }
        return values;
    }

    /**
     * Compares the checksum of every tensor with its values, in one pass over each data file.
     *
     * @throws ModelFileException if values are not as they were written
     * @throws IOException if a data file cannot be read
     */
    public void checkValues() throws IOException {
        Map<Integer, List<BundleEntry>> byShard = new TreeMap<>();
        for (BundleEntry entry : entries.values()) {
            // of a variant the checksum is over its parts in memory, and no variable is one
            if (!entry.inParts() && entry.type() != DataType.DT_VARIANT) {
                byShard.computeIfAbsent(entry.shard(), any -> new ArrayList<>()).add(entry);
            }
        }
        for (var shard : byShard.entrySet()) {
            String path = shardOf(prefix, shard.getKey(), shards);
            // an empty tensor stands where the next one begins
            shard.getValue().sort(Comparator.comparingLong(BundleEntry::offset).thenComparingLong(BundleEntry::size));
            try (var values = new BundleValues(files.open(path))) {
                for (BundleEntry entry : shard.getValue()) {
                    if (!values.agreesWith(entry)) {
                        throw changed(entry, path);
                    }
                }
            }
        }
    }

    private static ModelFileException changed(BundleEntry entry, String path) {
        return new ModelFileException(
                "expected the values of variable '%s' as they were written, found others from byte %d of file '%s' on. Copy it again, or export it again"
                        .formatted(entry.name(), entry.offset(), path));
    }
}
