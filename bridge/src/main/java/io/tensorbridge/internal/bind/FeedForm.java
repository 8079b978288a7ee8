package io.tensorbridge.internal.bind;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** What an input is given of the column that feeds it. */
public sealed interface FeedForm extends Serializable {

    /** The cells, which are of one shape. */
    record Dense() implements FeedForm {
        @Override
        public String toString() {
            return "";
        }
    }

    /** The values of lists of any length, one after the other. */
    record RaggedValues() implements FeedForm {
        @Override
        public String toString() {
            return "the values of ";
        }
    }

    /** Where the lists begin and end among their values. */
    record RowSplits() implements FeedForm {
        @Override
        public String toString() {
            return "the row splits of ";
        }
    }

    /** How long the lists are. */
    record Lengths() implements FeedForm {
        @Override
        public String toString() {
            return "the lengths of ";
        }
    }

    /**
     * Lists of any length made equally long.
     *
     * @param width the length, or -1 for that of a block's longest
     * @param value what stands behind a list's own values; null for zero, false or the empty string
     */
    record Padded(int width, @Nullable Serializable value) implements FeedForm {
        @Override
        public String toString() {
            return "padded ";
        }
    }

    /**
     * Which values of padded lists are their own.
     *
     * @param width as that of the padded lists
     */
    record Mask(int width) implements FeedForm {
        @Override
        public String toString() {
            return "the mask of ";
        }
    }
}
