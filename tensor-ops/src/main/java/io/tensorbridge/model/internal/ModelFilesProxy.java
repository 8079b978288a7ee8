package io.tensorbridge.model.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@link ModelFiles} on their way through a stream of objects.
 *
 * <p>For each file: path, length, and either its contents in pieces, or its SHA-256 and where it is kept. Neither side holds more of
 * a long file than a piece.
 */
final class ModelFilesProxy implements Serializable {

    private static final long serialVersionUID = 1;

    private transient SortedMap<String, ModelFile> files;

    ModelFilesProxy(SortedMap<String, ModelFile> files) {
        this.files = files;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
        out.writeInt(files.size());
        for (var entry : files.entrySet()) {
            ModelFile file = entry.getValue();
            out.writeUTF(entry.getKey());
            out.writeLong(file.length());
            boolean travels = file.contents() instanceof MemoryContents || file.contents() instanceof SpooledContents;
            out.writeBoolean(travels);
            if (travels) {
                writeContents(file, out);
            } else {
                out.write(file.sha256());
                out.writeObject(file.contents());
            }
        }
    }

    private static void writeContents(ModelFile file, ObjectOutputStream out) throws IOException {
        byte[] buffer = new byte[(int) Math.min(ModelFile.BUFFER, file.length())];
        long left = file.length();
        try (InputStream in = file.contents().open()) {
            while (left > 0) {
                int n = in.readNBytes(buffer, 0, (int) Math.min(buffer.length, left));
                if (n == 0) {
                    throw new IOException("expected %d bytes more of a file, found none".formatted(left));
                }
                out.write(buffer, 0, n);
                left -= n;
            }
        }
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        files = new TreeMap<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            String path = in.readUTF();
            long length = in.readLong();
            if (in.readBoolean()) {
                files.put(path, readContents(path, length, in));
            } else {
                byte[] sha256 = new byte[32];
                in.readFully(sha256);
                files.put(path, new ModelFile(length, sha256, (FileContents) in.readObject()));
            }
        }
    }

    /** Reads contents, and takes the SHA-256 of what was read; whoever has sent a digest can compare. */
    private static ModelFile readContents(String path, long length, ObjectInputStream in) throws IOException {
        return ModelFile.copyOf(
                new BoundedInput(in, length),
                ModelFiles.isParsed(path) ? ModelFiles.LONGEST_ARRAY : ModelFiles.MOST_IN_MEMORY);
    }

    private Object readResolve() {
        return new ModelFiles(files);
    }
}
