package io.tensorbridge.model.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** One file of a model: how long it is, what identifies it, and where its contents are; immutable. */
final class ModelFile {

    static final int BUFFER = 1 << 20;

    private final long length;
    private final byte[] sha256;
    private final FileContents contents;

    /** Makes a file of known length and SHA-256, which are not checked. */
    ModelFile(long length, byte[] sha256, FileContents contents) {
        this.length = length;
        this.sha256 = sha256;
        this.contents = contents;
    }

    /** Makes a file of bytes, which are not copied, and not to be changed from now on. */
    static ModelFile of(byte[] bytes) {
        return new ModelFile(bytes.length, newSha256().digest(bytes), new MemoryContents(bytes));
    }

    /**
     * Copies what a stream holds: to memory if it is short, else to the private directory.
     *
     * @param in the stream, which stays the caller's to close
     * @param mostInMemory how many bytes are short
     */
    static ModelFile copyOf(InputStream in, int mostInMemory) throws IOException {
        byte[] begin = in.readNBytes(mostInMemory);
        var rest = new PushbackInputStream(in);
        int next = rest.read();
        if (next < 0) {
            return of(begin);
        }
        rest.unread(next);
        MessageDigest digest = newSha256();
        SpooledContents contents = SpooledContents.copyOf(begin, rest, digest);
        return new ModelFile(contents.length(), digest.digest(), contents);
    }

    /** Returns the SHA-256 of what a stream holds; the stream stays the caller's to close. */
    static byte[] sha256Of(InputStream in) throws IOException {
        MessageDigest digest = newSha256();
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            digest.update(buffer, 0, n);
        }
        return digest.digest();
    }

    static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("Every Java platform has SHA-256", e);
        }
    }

    long length() {
        return length;
    }

    /** Returns the SHA-256 of the contents, which is not to be changed. */
    byte[] sha256() {
        return sha256;
    }

    FileContents contents() {
        return contents;
    }
}
