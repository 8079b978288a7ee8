package io.tensorbridge.examples;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;

/** The 5,000 handwritten digits of one picture: 50 rows of 100, five rows a digit, each of 20 by 20 grey pixels. */
final class DigitPictures {

    static final int SIDE = 20;
    private static final int COLUMNS = 100;
    private static final int ROWS_PER_DIGIT = 5;
    private static final int HELD_OUT_PER_DIGIT = 100;
    private static final long SEED = 20_26;

    private DigitPictures() {}

    /**
     * One digit.
     *
     * @param label what it is
     * @param pixels its pixels row by row, 0 is black
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares digits
    record Digit(int label, byte[] pixels) {}

    /** The digits to learn from, and those held out. */
    record Split(List<Digit> training, List<Digit> heldOut) {}

    static Split read(Path picture) throws IOException {
        BufferedImage image = ImageIO.read(picture.toFile());
        List<Digit> training = new ArrayList<>();
        List<Digit> heldOut = new ArrayList<>();
        var random = new Random(SEED);
        for (int label = 0; label < 10; label++) {
            List<Digit> digits = new ArrayList<>();
            for (int i = 0; i < ROWS_PER_DIGIT * COLUMNS; i++) {
                digits.add(new Digit(label, cut(image, label * ROWS_PER_DIGIT + i / COLUMNS, i % COLUMNS)));
            }
            Collections.shuffle(digits, random);
            heldOut.addAll(digits.subList(0, HELD_OUT_PER_DIGIT));
            training.addAll(digits.subList(HELD_OUT_PER_DIGIT, digits.size()));
        }
        Collections.shuffle(training, random);
        Collections.shuffle(heldOut, random);
        return new Split(training, heldOut);
    }

    private static byte[] cut(BufferedImage image, int row, int column) {
        byte[] pixels = new byte[SIDE * SIDE];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                pixels[y * SIDE + x] = (byte) image.getRaster().getSample(column * SIDE + x, row * SIDE + y, 0);
            }
        }
        return pixels;
    }
}
