package io.tensorbridge.image;

/** What becomes of a picture whose height and width are in another proportion than those wanted. */
public enum Fitting {
    /** It is stretched in one direction. */
    STRETCH,
    /** Its middle is cut out in the wanted proportion and resized, as {@code keras.utils.image_utils.smart_resize} does. */
    CROP,
    /** It is resized in its own proportion, and black is put around it, as {@code tf.image.resize_with_pad} does. */
    PAD
}
