package io.tensorbridge.image;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.strings.StringFormat;
import org.tensorflow.types.TBool;

/** Fails a run for the sake of what was fed, with a sentence that says what that was. */
final class Requirement {

    private Requirement() {}

    /**
     * Adds a check to a graph under construction, for others to wait for.
     *
     * @param condition a scalar, false if the run is to fail
     * @param sentence what is wrong, with {@code {}} for each value
     * @param values scalars that are numbers
     */
    static Op of(Ops tf, Operand<TBool> condition, String sentence, List<Operand<?>> values) {
        return tf.assertThat(
                condition,
                List.of(tf.strings.stringFormat(
                        values, StringFormat.template(sentence), StringFormat.placeholder("{}"))));
    }
}
