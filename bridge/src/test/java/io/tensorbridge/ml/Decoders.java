package io.tensorbridge.ml;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;

/** Decoders that are not TensorFlow's. */
final class Decoders {

    /** How often they were asked. */
    static final AtomicInteger CALLS = new AtomicInteger();

    private Decoders() {}

    /** Java's own. */
    static ImageDecoder java() {
        return Decoders::decode;
    }

    private static DecodedImage decode(byte[] content) throws IOException {
        CALLS.incrementAndGet();
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(content));
        if (image == null) {
            throw new IOException("Java cannot decode this");
        }
        byte[] data = new byte[image.getHeight() * image.getWidth() * 3];
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int pixel = image.getRGB(x, y);
                data[at++] = (byte) pixel;
                data[at++] = (byte) (pixel >> 8);
                data[at++] = (byte) (pixel >> 16);
            }
        }
        return new DecodedImage(image.getHeight(), image.getWidth(), 3, data);
    }
}
