package io.tensorbridge.model.internal;

/** What no model goes beyond; more is a wrong folder, or an attack. */
public final class ModelLimits {

    /** Files in a model. */
    public static final int FILES = 10_000;

    /** Bytes of all files of a model: a tebibyte. */
    public static final long BYTES = 1L << 40;

    /** Bytes of one protobuf: more it cannot have. */
    public static final long PROTOBUF_BYTES = Integer.MAX_VALUE;

    private ModelLimits() {}
}
