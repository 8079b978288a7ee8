package io.tensorbridge.tensor;

import java.io.Serializable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What Java checks of each value of a string input before TensorFlow sees it; see {@link Program#checking}.
 *
 * <p>Immutable, and equal to another that checks the same.
 */
public abstract sealed class InputCheck implements Serializable permits ImageCheck {

    InputCheck() {}

    /**
     * Returns a check of encoded pictures: that a value begins as JPEG, PNG, GIF or BMP does, and that its header tells a
     * width and a height of no more pixels than these. Nothing is decoded, so what would not fit into memory is refused before
     * it is unpacked. Of a GIF all frames count, each in the size of the largest: decoders may unpack them all to that. A
     * BMP that is packed, or has a palette of other colours than grey, is refused: TensorFlow's decoder reads others in it.
     *
     * @param maxPixels width times height, at most
     */
    public static InputCheck image(long maxPixels) {
        return new ImageCheck(maxPixels);
    }

    /** Returns why a value is refused, in a whole sentence, or nothing if it passes. */
    public final Optional<String> refusal(byte[] value) {
        var bytes = new CellBytes();
        bytes.show(value);
        return Optional.ofNullable(refusal(bytes));
    }

    /** Returns why a value is refused, or null if it passes; allocates nothing then. */
    abstract @Nullable String refusal(CellBytes value);

    /** Returns a check that refuses what either of the two does. */
    abstract InputCheck and(InputCheck other);
}
