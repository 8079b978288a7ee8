package io.tensorbridge.tensor;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts the bytes that crossed between Arrow and TensorFlow: aliased, or copied and why.
 *
 * <p>For use by one thread.
 */
public final class TransferLedger {

    private final Map<CopyReason, Long> copied = new EnumMap<>(CopyReason.class);
    private final @Nullable TransferLedger copiesOf;
    private long aliased;

    public TransferLedger() {
        this(null);
    }

    private TransferLedger(@Nullable TransferLedger copiesOf) {
        this.copiesOf = copiesOf;
    }

    /** Returns a ledger for what was copied once already: this one learns of further copies, and of no aliases. */
    TransferLedger ofCopiesOnly() {
        return new TransferLedger(this);
    }

    /** Returns the bytes of columns fed and tensors fetched without a copy. */
    public long aliasedBytes() {
        return aliased;
    }

    /** Returns the bytes copied for this reason. */
    public long copiedBytes(CopyReason reason) {
        return copied.getOrDefault(reason, 0L);
    }

    void aliased(long bytes) {
        aliased += bytes;
    }

    void copied(CopyReason reason, long bytes) {
        copied.merge(reason, bytes, Long::sum);
        if (copiesOf != null) {
            copiesOf.copied(reason, bytes);
        }
    }
}
