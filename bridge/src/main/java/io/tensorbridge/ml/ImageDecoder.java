package io.tensorbridge.ml;

import java.io.IOException;
import java.io.Serializable;

/**
 * Decodes pictures that TensorFlow does not: TIFF, say, or those of a camera's own format.
 *
 * <p>It travels to executors, where several threads use it at once. A stage that has one cannot be saved, since nothing that
 * is saved holds code: load the stage, and set the decoder again.
 */
@FunctionalInterface
public interface ImageDecoder extends Serializable {

    /**
     * Decodes a picture.
     *
     * @param content what the column holds; the decoder must not change it
     * @throws IOException if this is no picture; the message becomes the reason of the row, or fails the job, as the stage's
     *     {@link BrokenImages} say. Any other exception fails the job
     */
    DecodedImage decode(byte[] content) throws IOException;
}
