package io.tensorbridge.model.internal;

import java.io.IOException;

/**
 * The files of a model can be read, but are not what they should be. Its message goes on where another begins: {@code
 * expected …, found …. Cure}.
 */
public final class ModelFileException extends IOException {

    public ModelFileException(String message) {
        super(message);
    }

    public ModelFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
