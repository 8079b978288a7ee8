package io.tensorbridge.image;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

/**
 * Makes predictions of a model's scores: its best classes, what they are called, and how probable they are.
 *
 * <pre>{@code
 * Program top5 = TopPredictions.of(5).softmax().labels(imageNet).after(model, "logits");
 * }</pre>
 *
 * <p>The outputs of its programs have a row for each row of scores, the best class first, and of equals the one with the lower
 * number: {@code classes}, {@code DT_INT32[?, k]}, the numbers of the classes; {@code probabilities}, {@code DT_FLOAT[?, k]},
 * their scores; and with labels {@code names} and {@code descriptions}, {@code DT_STRING[?, k]}.
 *
 * <p>Immutable, and safe for use by several threads.
 */
public final class TopPredictions implements Serializable {

    private static final long serialVersionUID = 1;

    private final int k;
    private final boolean isSoftmax;

    @SuppressWarnings("serial") // List.copyOf, which is Serializable
    private final List<Label> labels;

    private TopPredictions(int k, boolean isSoftmax, List<Label> labels) {
        this.k = k;
        this.isSoftmax = isSoftmax;
        this.labels = labels;
    }

    /**
     * Returns the best classes of a row, whose scores are taken for probabilities.
     *
     * @param k how many
     */
    public static TopPredictions of(int k) {
        if (k <= 0) {
            throw new IllegalArgumentException("Invalid number of predictions: must be positive, found " + k);
        }
        return new TopPredictions(k, /* isSoftmax= */ false, List.of());
    }

    /** Returns these predictions with the softmax of all scores of a row for probabilities, for models that end with logits. */
    public TopPredictions softmax() {
        return new TopPredictions(k, /* isSoftmax= */ true, labels);
    }

    /**
     * Returns these predictions with names and descriptions.
     *
     * @param newLabels one for each class, in the order of the scores
     */
    public TopPredictions labels(List<Label> newLabels) {
        if (newLabels.isEmpty()) {
            throw new IllegalArgumentException("Invalid labels: must be one for each class, found none");
        }
        if (newLabels.size() < k) {
            throw tooFewClasses(newLabels.size());
        }
        return new TopPredictions(k, isSoftmax, List.copyOf(newLabels));
    }

    /** Returns how many predictions there are for a row. */
    public int k() {
        return k;
    }

    /** Returns the labels, one for each class; none if there are no names. */
    public List<Label> labels() {
        return labels;
    }

    /**
     * Returns a program from {@code scores}, {@code DT_FLOAT[?, classes]}.
     *
     * @param classes how many there are, or -1 if this is not known; then a row of too few fails, as does one that has another
     *     number than there are labels
     * @throws IllegalArgumentException if there are fewer classes than predictions, or another number of labels
     */
    public Program program(long classes) {
        if (classes < -1) {
            throw new IllegalArgumentException("Invalid number of classes: must be positive or -1, found " + classes);
        }
        if (classes >= 0 && classes < k) {
            throw tooFewClasses(classes);
        }
        if (classes >= 0 && !labels.isEmpty() && labels.size() != classes) {
            throw new IllegalArgumentException(
                    "Cannot name predictions: expected a label for each of the %d classes, found %d labels"
                            .formatted(classes, labels.size()));
        }
        return Program.build(tf -> {
                    Operand<TFloat32> scores = Program.placeholder(tf, "scores", TFloat32.class, Shape.of(-1, classes));
                    return outputs(tf, classes < 0 ? checked(tf, scores) : scores);
                })
                .named("top" + k);
    }

    /**
     * Returns a program that runs a model and gives the predictions that its scores make.
     *
     * @param model a program over blocks
     * @param output its output that is the scores, {@code DT_FLOAT[?, classes]}
     * @throws IllegalArgumentException if it has no such output, or as {@link #program} does
     * @throws SignatureMismatchException if the output is of another type or shape
     */
    public Program after(Program model, String output) {
        TensorSpec scores = model.signature()
                .output(output)
                .orElseThrow(() -> new IllegalArgumentException(
                        "Cannot take predictions from output '%s' of program '%s': its outputs are %s"
                                .formatted(
                                        output, model.name(), model.signature().outputs())));
        Shape shape = scores.shape();
        boolean isOfRows = shape.isUnknown() || shape.numDimensions() == 2;
        if (scores.elementType() != DataType.DT_FLOAT || !isOfRows) {
            throw new SignatureMismatchException(
                    "Cannot take predictions from program '%s': expected scores of DT_FLOAT[?, ?], found output '%s'. Join what makes such of it, or name another output with fetching(…)"
                            .formatted(model.name(), scores));
        }
        return model.then(program(shape.isUnknown() ? -1 : shape.get(1)), Map.of("scores", output));
    }

    private IllegalArgumentException tooFewClasses(long classes) {
        return new IllegalArgumentException(
                "Cannot take %d predictions: expected at least as many classes, found %d. Lower k"
                        .formatted(k, classes));
    }

    private Operand<TFloat32> checked(Ops tf, Operand<TFloat32> scores) {
        Operand<TInt32> classes =
                tf.squeeze(tf.slice(tf.shape(scores), tf.constant(new int[] {1}), tf.constant(new int[] {1})));
        List<Op> checks = new ArrayList<>();
        checks.add(Requirement.of(
                tf,
                tf.math.greaterEqual(classes, tf.constant(k)),
                "Cannot take %d predictions: expected at least as many classes, found {}".formatted(k),
                List.of(classes)));
        if (!labels.isEmpty()) {
            checks.add(Requirement.of(
                    tf,
                    tf.math.equal(classes, tf.constant(labels.size())),
                    "Cannot name predictions: expected as many classes as there are labels, %d, found {}"
                            .formatted(labels.size()),
                    List.of(classes)));
        }
        return tf.withControlDependencies(checks).identity(scores);
    }

    private Program.Outputs outputs(Ops tf, Operand<TFloat32> scores) {
        TopK<TFloat32, TInt32> top =
                tf.nn.topK(isSoftmax ? tf.nn.softmax(scores) : scores, tf.constant(k), TInt32.class);
        Program.Outputs outputs = Program.outputs("classes", top.indices()).and("probabilities", top.values());
        if (labels.isEmpty()) {
            return outputs;
        }
        return outputs.and("names", gathered(tf, labels.stream().map(Label::name), top.indices()))
                .and("descriptions", gathered(tf, labels.stream().map(Label::description), top.indices()));
    }

    private static Operand<TString> gathered(Ops tf, Stream<String> ofClasses, Operand<TInt32> classes) {
        return tf.gather(
                tf.constant(StandardCharsets.UTF_8, ofClasses.toArray(String[]::new)), classes, tf.constant(0));
    }
}
