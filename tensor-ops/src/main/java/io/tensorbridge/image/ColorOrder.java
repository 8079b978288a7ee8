package io.tensorbridge.image;

/** Which channels a picture has when a model gets it, in order. */
public enum ColorOrder {
    /** Red, green, blue. A grey picture has the same value in all three. */
    RGB(3),
    /** Blue, green, red, as OpenCV and models that came from Caffe have it. */
    BGR(3),
    /** One channel: 0.2989 red + 0.587 green + 0.114 blue, as {@code tf.image.rgb_to_grayscale} has it. */
    GREY(1);

    private final int channels;

    ColorOrder(int channels) {
        this.channels = channels;
    }

    /** Returns how many channels there are. */
    public int channels() {
        return channels;
    }
}
