package io.tensorbridge.internal.run;

import io.tensorbridge.model.internal.FileContents;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A long file that need not travel, since driver and executor are one process: where it is held there.
 *
 * <p>Whoever makes one has to hold the files as long as it is used.
 *
 * @param id of the files in this process
 * @param path of the file among them
 */
record HeldContents(long id, String path) implements FileContents, Serializable {

    private static final AtomicLong IDS = new AtomicLong();
    private static final Map<Long, WeakReference<ModelFiles>> HELD = new ConcurrentHashMap<>();

    /** Returns a new id for files of this process. */
    static long idOf(ModelFiles files) {
        HELD.values().removeIf(held -> held.refersTo(null));
        long id = IDS.getAndIncrement();
        HELD.put(id, new WeakReference<>(files));
        return id;
    }

    @Override
    public InputStream open() throws IOException {
        return held().open();
    }

    @Override
    public void writeTo(Path target) throws IOException {
        held().writeTo(target);
    }

    private FileContents held() throws IOException {
        WeakReference<ModelFiles> held = HELD.get(id);
        ModelFiles files = held == null ? null : held.get();
        if (files == null) {
            throw new IOException("expected %s in the driver's process, found it gone".formatted(path));
        }
        return files.contents(path);
    }
}
