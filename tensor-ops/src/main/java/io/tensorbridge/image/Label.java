package io.tensorbridge.image;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What a model's class is called.
 *
 * @param name what identifies it, such as WordNet's {@code n02123045}
 * @param description what people call it, such as {@code tabby}
 */
public record Label(String name, String description) implements Serializable {

    public Label {
        requireNonNull(name, "name");
        requireNonNull(description, "description");
    }

    /** Returns a label that is described by its name. */
    public static Label of(String name) {
        return new Label(name, name);
    }
}
