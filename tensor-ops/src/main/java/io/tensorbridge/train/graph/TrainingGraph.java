package io.tensorbridge.train.graph;

import io.tensorbridge.tensor.Shapes;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.graph.TrainedVariable.Role;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * A training program under construction: its inputs, variables, loss, metrics and outputs. The rest of the graph is made of
 * TensorFlow's own {@linkplain #ops operations}.
 *
 * <p>Belongs to one thread, and to the call that it is given to.
 */
public final class TrainingGraph {

    /** What the random numbers of a step come of: the seed and the worker, and how many steps have been taken. */
    static final String RANDOM = "tensorbridge.random";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9.][A-Za-z0-9_.\\-]*");
    private static final Pattern PATH = Pattern.compile(NAME + "(/" + NAME + ")*");
    private static final Set<DataType> FLOATS =
            EnumSet.of(DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_HALF, DataType.DT_BFLOAT16);

    private final Ops root;
    private final Map<String, Operand<?>> inputs = new LinkedHashMap<>();
    private final List<TensorSpec> specs = new ArrayList<>();
    private final List<ValueRange> ranges = new ArrayList<>();
    private final ProgramVariables variables;

    private Pass pass;
    private boolean differs;

    TrainingGraph(Graph graph) {
        root = Ops.create(graph);
        variables = new ProgramVariables(
                root, root.withName(RANDOM).placeholder(TInt64.class, Placeholder.shape(Shape.of(2))));
        pass = new Pass(root, Purpose.TRAINING);
    }

    private enum Purpose {
        TRAINING,
        USE
    }

    /** What one run of the body leaves; the second one shares inputs and variables with the first. */
    private static final class Pass {
        private final Ops tf;
        private final Purpose purpose;
        private final List<TrainingProgram.Tensor> metrics = new ArrayList<>();
        private final List<TrainingProgram.Tensor> outputs = new ArrayList<>();
        private @Nullable Output<?> loss;
        private int randoms;

        Pass(Ops tf, Purpose purpose) {
            this.tf = tf;
            this.purpose = purpose;
        }
    }

    /** Begins the second run of the body: the program as it is used. */
    void beginUse() {
        pass = new Pass(root.withSubScope("use"), Purpose.USE);
    }

    /** Returns whether the body asked for something that is another when the program is used. */
    boolean differs() {
        return differs;
    }

    /** Returns TensorFlow's operations, of the graph under construction. */
    public Ops ops() {
        return pass.tf;
    }

    /**
     * Adds an input: a column of the rows that are trained on.
     *
     * @param name the name of the input
     * @param type the type of its elements
     * @param cell the shape of a row's cell, wholly known; none for a number
     * @return the values of a batch, {@code [?, cell…]}
     */
    public <T extends TType> Operand<T> input(String name, Class<T> type, long... cell) {
        requireName("an input", NAME, name);
        for (long dimension : cell) {
            if (dimension < 1) {
                throw new IllegalArgumentException(
                        "Invalid input '%s': its cell must have a known shape, found %s. Give the size of each dimension"
                                .formatted(name, Shapes.describe(Shape.of(cell))));
            }
        }
        Operand<?> there = inputs.get(name);
        if (there != null && pass.purpose == Purpose.USE) {
            return cast(there, type);
        }
        Shape shape = Shape.of(-1).append(Shape.of(cell));
        var placeholder = root.withName(name).placeholder(type, Placeholder.shape(shape));
        if (there != null || !placeholder.op().name().equals(name)) {
            throw new IllegalArgumentException(
                    "Cannot add input '%s': the graph has an operation of that name already. Give it another name"
                            .formatted(name));
        }
        DataType elementType = placeholder.asOutput().dataType();
        if (elementType == DataType.DT_STRING) {
            throw new IllegalArgumentException(
                    "Cannot add input '%s': expected cells of fixed length, found strings. Make numbers of them with mapBlocks before training"
                            .formatted(name));
        }
        specs.add(new TensorSpec(name, elementType, shape));
        inputs.put(name, placeholder);
        return placeholder;
    }

    /**
     * Adds an input of whole numbers from 0, each a class. Rows with another number are refused before training begins.
     *
     * @param name the name of the input
     * @param type {@code TInt32} or another type of whole numbers
     * @param classes how many there are
     * @return the values of a batch, {@code [?]}
     */
    public <T extends TNumber> Operand<T> label(String name, Class<T> type, int classes) {
        if (classes < 1) {
            throw new IllegalArgumentException(
                    "Invalid label '%s': must have one class or more, found %d".formatted(name, classes));
        }
        Operand<T> label = input(name, type);
        DataType elementType = label.asOutput().dataType();
        if (FLOATS.contains(elementType)) {
            throw new IllegalArgumentException(
                    "Invalid label '%s': must be of whole numbers, found %s. Use input(…) for numbers to come near to"
                            .formatted(name, elementType));
        }
        if (pass.purpose == Purpose.TRAINING) {
            ranges.add(new ValueRange(name, 0, classes));
        }
        return label;
    }

    /**
     * Adds a variable, which training changes.
     *
     * @param name its name, such as {@code hidden/kernel}: what checkpoints, histograms and patterns call it
     * @param initialiser what it begins with
     * @param shape its shape
     * @return its value
     */
    public Operand<TFloat32> variable(String name, Initialiser initialiser, long... shape) {
        return variable(Role.TRAINED, name, initialiser, shape);
    }

    /**
     * Adds a variable, which training leaves as it is: for values that come from another program, or that {@link #update} sets.
     *
     * @param name its name, such as {@code hidden/mean}
     * @param initialiser what it begins with
     * @param shape its shape
     * @return its value
     */
    public Operand<TFloat32> frozen(String name, Initialiser initialiser, long... shape) {
        return variable(Role.FROZEN, name, initialiser, shape);
    }

    private Operand<TFloat32> variable(Role role, String name, Initialiser initialiser, long... shape) {
        requireName("a variable", PATH, name);
        Operand<TFloat32> there = variables.read(name);
        return there != null && pass.purpose == Purpose.USE ? there : variables.add(role, name, initialiser, shape);
    }

    /**
     * Sets a variable to a value after each step, in place of what its gradient says: a moving average. With several workers it is
     * set to the mean of what they compute, by their numbers of rows.
     */
    public void update(String variable, Operand<TFloat32> value) {
        TrainedVariable updated = variables.toUpdate(variable, value);
        differs = true; // a program in use changes nothing
        if (pass.purpose == Purpose.TRAINING) {
            variables.update(updated, value);
        }
    }

    /** Returns whether the graph is made for training; the function is called again for the program's use if it asks. */
    public boolean isTraining() {
        differs = true;
        return pass.purpose == Purpose.TRAINING;
    }

    /**
     * Drops values while training: each is 0 at this rate, and the others are larger for it. In use nothing is dropped.
     *
     * @param rate which share is dropped, from 0 and below 1
     */
    public Operand<TFloat32> dropout(Operand<TFloat32> values, double rate) {
        Checked.share("rate of dropout", rate);
        if (!isTraining()) {
            return values;
        }
        Ops tf = pass.tf;
        Operand<TFloat32> drawn = tf.random.statelessRandomUniform(
                tf.shape(values), variables.seed(-1000L - pass.randoms++), TFloat32.class);
        // the mask is no function of the values, though its shape is
        Operand<TFloat32> mask =
                tf.stopGradient(tf.dtypes.cast(tf.math.greaterEqual(drawn, tf.constant((float) rate)), TFloat32.class));
        return tf.math.mul(values, tf.math.mul(mask, tf.constant((float) (1 / (1 - rate)))));
    }

    /**
     * Says what training makes small.
     *
     * @param loss a scalar: the mean over the rows of the batch, so that batches of other sizes and on other workers count by their
     *     rows
     */
    public void loss(Operand<TFloat32> loss) {
        if (pass.loss != null) {
            throw new IllegalArgumentException("Cannot set the loss: it is set already. Add what belongs to it");
        }
        requireMean("loss", "the loss", loss);
        pass.loss = loss.asOutput();
    }

    /**
     * Adds a number to watch, by the side of the loss.
     *
     * @param metric a scalar: the mean over the rows of the batch
     */
    public void metric(String name, Operand<TFloat32> metric) {
        requireName("a metric", NAME, name);
        if (name.equals("loss")
                || pass.metrics.stream().anyMatch(any -> any.name().equals(name))) {
            throw new IllegalArgumentException(
                    "Cannot add metric '%s': there is one of that name already. Give it another name".formatted(name));
        }
        requireMean("metric", "metric '%s'".formatted(name), metric);
        pass.metrics.add(new TrainingProgram.Tensor(name, TrainingProgram.nameOf(metric)));
    }

    /** Adds an output of the trained program: {@code [?, …]}, a cell for each row. */
    public void output(String name, Operand<?> value) {
        requireName("an output", NAME, name);
        if (pass.outputs.stream().anyMatch(any -> any.name().equals(name))) {
            throw new IllegalArgumentException(
                    "Cannot add output '%s': there is one of that name already. Give it another name".formatted(name));
        }
        Operand<?> given = value.op().type().equals("Placeholder") ? pass.tf.identity(value) : value;
        pass.outputs.add(new TrainingProgram.Tensor(name, TrainingProgram.nameOf(given)));
    }

    private static void requireMean(String what, String which, Operand<TFloat32> value) {
        Output<?> tensor = value.asOutput();
        if (tensor.dataType() != DataType.DT_FLOAT
                || tensor.shape().isUnknown()
                || tensor.shape().numDimensions() != 0) {
            throw new IllegalArgumentException(
                    "Invalid %s: expected a scalar of DT_FLOAT, the mean over the rows, found %s of %s. Take the mean: tf.math.mean(%s, tf.constant(0))"
                            .formatted(what, which, Shapes.describe(tensor.dataType(), tensor.shape()), what));
        }
    }

    private static void requireName(String what, Pattern pattern, String name) {
        if (!pattern.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "Invalid name of %s: must match %s, found '%s'".formatted(what, pattern, name));
        }
    }

    @SuppressWarnings("unchecked") // the first pass has made it of this type
    private static <T extends TType> Operand<T> cast(Operand<?> there, Class<T> type) {
        if (!there.asOutput().type().equals(type)) {
            throw new IllegalArgumentException("Cannot add input '%s' as %s: it is %s already"
                    .formatted(
                            there.op().name(),
                            type.getSimpleName(),
                            there.asOutput().dataType()));
        }
        return (Operand<T>) there;
    }

    Objective objective() {
        Output<?> loss = pass.loss;
        if (loss == null) {
            throw new IllegalArgumentException(
                    "Cannot build a training program: expected a loss, found none. Say what to make small with loss(…)");
        }
        return new Objective(TrainingProgram.nameOf(loss), pass.metrics);
    }

    List<TrainingProgram.Tensor> outputs() {
        return pass.outputs;
    }

    List<TensorSpec> inputs() {
        return specs;
    }

    List<ValueRange> ranges() {
        return ranges;
    }

    ProgramVariables variables() {
        return variables;
    }
}
