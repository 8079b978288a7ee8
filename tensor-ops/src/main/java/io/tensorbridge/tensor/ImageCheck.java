package io.tensorbridge.tensor;

import org.jspecify.annotations.Nullable;

/** Reads the headers of encoded pictures; see {@link InputCheck#image}. */
final class ImageCheck extends InputCheck {

    /*
     * The size is read where TensorFlow's decoders read it, and what they skip is skipped: else a picture could show a small
     * size here and a large one there. A file that ends before it tells its size is refused, one that ends later is for the
     * decoders to mind.
     */

    private static final long serialVersionUID = 1;

    private static final int MARKER = 0xFF;
    private static final int BMP_PLAIN = 0;
    private static final int BMP_MASKS = 3;

    private final long maxPixels;

    ImageCheck(long maxPixels) {
        if (maxPixels < 1) {
            throw new IllegalArgumentException("Invalid maxPixels: must be positive, found " + maxPixels);
        }
        this.maxPixels = maxPixels;
    }

    long maxPixels() {
        return maxPixels;
    }

    @Override
    InputCheck and(InputCheck other) {
        return other instanceof ImageCheck check && check.maxPixels < maxPixels ? check : this;
    }

    @Override
    @Nullable
    String refusal(CellBytes value) {
        if (value.startsWith("\u00FF\u00D8\u00FF")) {
            return jpeg(value);
        }
        if (value.startsWith("\u0089PNG")) {
            return png(value);
        }
        if (value.startsWith("GIF8")) {
            return gif(value);
        }
        if (value.startsWith("BM")) {
            return bmp(value);
        }
        return "Not an image: expected JPEG, PNG, GIF or BMP, found "
                + (value.size() == 0 ? "no bytes" : "bytes that begin with " + value.beginning());
    }

    private @Nullable String jpeg(CellBytes value) {
        int at = 2;
        while (at < value.size()) {
            if (value.at(at++) != MARKER) {
                continue; // what stands between segments is skipped by the decoder too
            }
            while (at < value.size() && value.at(at) == MARKER) {
                at++; // padding
            }
            if (at == value.size()) {
                break;
            }
            int marker = value.at(at++);
            if (marker == 0xDA || marker == 0xD9) {
                return "The picture has no size: expected the frame of a JPEG, found %s before it"
                        .formatted(marker == 0xDA ? "a scan" : "the end");
            }
            if (marker == 0 || marker == 0x01 || marker == 0xD8 || isRestart(marker)) {
                continue; // without a length
            }
            if (!value.has(at, 2)) {
                break;
            }
            int length = value.shortAt(at);
            if (isFrame(marker)) {
                return length >= 7 && value.has(at, 7)
                        ? sized(value.shortAt(at + 5), value.shortAt(at + 3))
                        : cutShort("JPEG", value);
            }
            if (!value.has(at, Math.max(2, length))) {
                break;
            }
            at += Math.max(2, length);
        }
        return cutShort("JPEG", value);
    }

    private static boolean isRestart(int marker) {
        return marker >= 0xD0 && marker <= 0xD7;
    }

    /** Returns whether a marker begins a frame: all of their range but those of tables. */
    private static boolean isFrame(int marker) {
        return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    private @Nullable String png(CellBytes value) {
        if (!value.has(0, 24)) {
            return cutShort("PNG", value);
        }
        return value.startsWith("\r\n\u001A\n", 4) && value.startsWith("IHDR", 12)
                ? sized(value.intAt(16), value.intAt(20))
                : "The picture has no size: expected a PNG to begin with its header, found another chunk";
    }

    private @Nullable String gif(CellBytes value) {
        if (!value.has(0, 13)) {
            return cutShort("GIF", value);
        }
        String refused = sized(value.littleShortAt(6), value.littleShortAt(8));
        return refused == null ? gifFrames(value, 13 + colors(value.at(10))) : refused;
    }

    /** Returns the bytes of the table of colours that these flags announce. */
    private static int colors(int flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 0x07) + 1);
    }

    /** Looks at the frames as far as there are any: the decoder unpacks each in the size that it gives itself. */
    private @Nullable String gifFrames(CellBytes value, int from) {
        long widest = 0;
        long highest = 0;
        int frames = 0;
        int at = from;
        while (value.has(at, 2)) {
            int block = value.at(at);
            if (block == 0x21) {
                at = afterData(value, at + 2);
            } else if (block == 0x2C && value.has(at, 10)) {
                widest = Math.max(widest, value.littleShortAt(at + 5));
                highest = Math.max(highest, value.littleShortAt(at + 7));
                frames++;
                if (widest * highest > maxPixels / frames) {
                    return "The picture is too large: expected at most %d pixels, found %d x %d in frame %d. Raise maxPixels"
                            .formatted(maxPixels, widest, highest, frames);
                }
                at = afterData(value, at + 10 + colors(value.at(at + 9)) + 1);
            } else {
                break; // the end, or what no decoder reads on from
            }
        }
        return null;
    }

    /** Returns where a row of data blocks ends, each of which begins with its length. */
    private static int afterData(CellBytes value, int from) {
        int at = from;
        while (value.has(at, 1)) {
            int length = value.at(at++);
            if (length == 0) {
                return at;
            }
            at += length;
        }
        return value.size();
    }

    private @Nullable String bmp(CellBytes value) {
        if (!value.has(0, 26)) {
            return cutShort("BMP", value);
        }
        long height = Math.abs((long) value.littleIntAt(22)); // from top to bottom if negative
        String refused = sized(value.littleIntAt(18), height);
        return refused == null && value.has(0, 34) ? bmpForm(value) : refused;
    }

    /** TensorFlow's decoder unpacks nothing, and takes the numbers of a palette's colours for shades of grey. */
    private static @Nullable String bmpForm(CellBytes value) {
        int packing = value.littleIntAt(30);
        if (packing != BMP_PLAIN && packing != BMP_MASKS) {
            return "The picture is packed: expected a BMP without compression, found compression %d. Save it as PNG"
                    .formatted(packing);
        }
        return value.littleShortAt(28) == 8 && !hasGreyPalette(value)
                ? "The picture has a palette: expected a BMP of grey, or of 24 or 32 bits, found one of other colours. Save it as PNG"
                : null;
    }

    private static boolean hasGreyPalette(CellBytes value) {
        long from = 14 + Integer.toUnsignedLong(value.littleIntAt(14)); // behind the two headers
        for (int grey = 0; grey < 256 && value.has(from + 4L * grey, 3); grey++) {
            int at = (int) from + 4 * grey;
            if (value.at(at) != grey || value.at(at + 1) != grey || value.at(at + 2) != grey) {
                return false;
            }
        }
        return true;
    }

    private @Nullable String sized(long width, long height) {
        if (width <= 0 || height <= 0) {
            return "The picture is empty: expected at least 1 x 1 pixels, found %d x %d".formatted(width, height);
        }
        return width > maxPixels / height
                ? "The picture is too large: expected at most %d pixels, found %d x %d. Raise maxPixels"
                        .formatted(maxPixels, width, height)
                : null;
    }

    private static String cutShort(String kind, CellBytes value) {
        return "The picture is cut short: expected the width and height of a %s, found %d bytes without them"
                .formatted(kind, value.size());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ImageCheck check && check.maxPixels == maxPixels;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(maxPixels);
    }

    @Override
    public String toString() {
        return "a picture of at most %d pixels".formatted(maxPixels);
    }
}
