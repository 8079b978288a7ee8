package io.tensorbridge.ml;

import static java.util.Objects.requireNonNull;

/**
 * A picture as Spark's {@code image} source holds them.
 *
 * @param height rows of pixels
 * @param width pixels in a row
 * @param channels 1 for grey, 3 for colours, 4 for colours and transparency
 * @param data {@code height * width * channels} bytes, row by row from the top; colours are blue, green, red
 */
@SuppressWarnings("ArrayRecordComponent") // travels from the decoder into a row, and is compared by nobody
public record DecodedImage(int height, int width, int channels, byte[] data) {

    public DecodedImage {
        requireNonNull(data, "data");
    }
}
