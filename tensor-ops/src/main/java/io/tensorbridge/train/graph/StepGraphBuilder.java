package io.tensorbridge.train.graph;

import io.tensorbridge.train.graph.TrainedVariable.Role;
import io.tensorbridge.train.graph.TrainingProgram.Objective;
import io.tensorbridge.train.graph.TrainingProgram.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/** Puts the graph of a worker together. */
final class StepGraphBuilder implements AutoCloseable {

    private static final String DEVICE = "/job:worker/task:%d/device:CPU:0";

    private final TrainingProgram program;
    private final UpdateRule rule;
    private final int rank;
    private final Graph graph = new Graph();
    private final Ops tf;
    private final Collectives collectives;
    private final Slots slots;
    private final Placeholder<TFloat32> weight;
    private final Placeholder<TFloat32> rate;
    private final Placeholder<TInt64> count;

    StepGraphBuilder(TrainingProgram program, UpdateRule rule, int rank, int workers, double timeoutSeconds) {
        this.program = program;
        this.rule = rule;
        this.rank = rank;
        graph.importGraphDef(withFirstValues(program));
        tf = Ops.create(graph).withSubScope("tensorbridge");
        collectives = new Collectives(tf, workers, timeoutSeconds);
        slots = new Slots(tf);
        weight = tf.withName("weight").placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
        rate = tf.withName("rate").placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
        count = tf.withName("count").placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
        if (graph.operation(TrainingGraph.RANDOM) == null) {
            Ops.create(graph).withName(TrainingGraph.RANDOM).placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
        }
    }

    /** Returns the program's graph with the first values that are known as constants. */
    private static GraphDef withFirstValues(TrainingProgram program) {
        GraphDef.Builder all = program.graph().toBuilder();
        for (TrainedVariable variable : program.variables()) {
            TensorProto value = variable.value();
            if (value != null) {
                all.addNode(NodeDef.newBuilder()
                        .setName(constantOf(variable))
                        .setOp("Const")
                        .putAttr(
                                "dtype",
                                AttrValue.newBuilder()
                                        .setType(variable.elementType())
                                        .build())
                        .putAttr(
                                "value", AttrValue.newBuilder().setTensor(value).build()));
            }
        }
        return all.build();
    }

    private static String constantOf(TrainedVariable variable) {
        return variable.handle() + "/tensorbridge.first";
    }

    StepGraph build() {
        List<TrainedVariable> trained = variables(Role.TRAINED);
        List<TrainedVariable> updated = variables(Role.UPDATED);
        if (trained.isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot train: expected a variable to train, found none. Add one with variable(…), or freeze fewer");
        }
        List<Operand<TFloat32>> large = new ArrayList<>(new Gradients(graph, tf, program, weight).of(trained));
        updated.forEach(variable -> large.add(weighted(program.updates().get(variable.name()))));
        List<Shape> shapes = Stream.concat(trained.stream(), updated.stream())
                .map(TrainedVariable::shape)
                .toList();
        var reduction = new Reduction(tf, collectives, slots, weight);
        Reduction.Sums sums = reduction.of(
                new Reduction.Parts(large, trained.size(), objective(program.training())),
                shapes,
                rule.accumulate(),
                rule.wire());

        // nothing changes before all has been read: TensorFlow would copy a variable that is still being read
        List<Op> read = new ArrayList<>(sums.large());
        read.add(sums.numbers());
        Ops after = tf.withControlDependencies(
                tf.withName("read").withControlDependencies(read).noOp());
        var updates = new VariableUpdates(tf, after, rule, slots, rate, count);
        List<Operand<TFloat32>> gradients = updates.clipped(sums.large().subList(0, trained.size()));
        var checkpointing = new Checkpointing(tf);
        program.variables().forEach(variable -> checkpointing.add(graph, variable));
        List<Op> applied = new ArrayList<>(reduction.resets());
        for (int i = 0; i < trained.size(); i++) {
            applied.add(updates.apply(
                    trained.get(i), handle(trained.get(i)), checkpointing.read(trained.get(i)), gradients.get(i)));
        }
        for (int i = 0; i < updated.size(); i++) {
            applied.add(
                    after.assignVariableOp(handle(updated.get(i)), sums.large().get(trained.size() + i)));
        }
        var evaluation = new Evaluation(tf, collectives, slots);
        Op evaluate = evaluation.add(counted(objective(program.evaluation())));
        Checkpointing.Pair all = checkpointing.weightsAnd(slots.saved());
        Checkpointing.Pair weights = checkpointing.weightsAnd(List.of());
        Checkpointing.Best best = checkpointing.best(slots);
        var targets = new Targets(
                group("initialise", firstValues()),
                group("meet", List.of(collectives.meet())),
                group("accumulate", List.of(reduction.accumulate())),
                group("apply", applied),
                group("evaluate", List.of(evaluate)),
                new Targets.Saving(
                        group("save", List.of(all.save())),
                        group("restore", all.restore()),
                        group("saveWeights", List.of(weights.save())),
                        group("restoreWeights", weights.restore())),
                new Targets.Best(
                        group("keepBest", best.keep()),
                        group("takeBest", best.take()),
                        group("saveBest", List.of(best.files().save())),
                        group("restoreBest", best.files().restore())));
        var feeds = new Feeds(
                program.inputs().stream().map(input -> input.name() + ":0").toList(),
                TrainingProgram.nameOf(weight),
                TrainingProgram.nameOf(rate),
                TrainingProgram.nameOf(count),
                TrainingGraph.RANDOM + ":0",
                TrainingProgram.nameOf(checkpointing.file()));
        String results = TrainingProgram.nameOf(sums.numbers());
        String total = TrainingProgram.nameOf(evaluation.total());
        return new StepGraph(
                collectives.areThere() ? placed(graph.toGraphDef()) : graph.toGraphDef(),
                feeds,
                targets,
                results,
                total,
                program.variables().stream().map(TrainedVariable::name).toList(),
                checkpointing.reads().stream().map(TrainingProgram::nameOf).toList());
    }

    private List<TrainedVariable> variables(Role role) {
        return program.variables().stream()
                .filter(variable -> variable.role() == role)
                .toList();
    }

    private <T extends TType> Operand<T> tensor(String name) {
        return Gradients.tensor(graph, name);
    }

    private Operand<? extends TType> handle(TrainedVariable variable) {
        return Gradients.<TType>tensor(graph, variable.handle() + ":0");
    }

    private Operand<TFloat32> weighted(@Nullable String name) {
        return tf.math.mul(weight, this.<TFloat32>tensor(String.valueOf(name)));
    }

    /** Returns the loss and the metrics, weighted. */
    private List<Operand<TFloat32>> objective(Objective objective) {
        return Stream.concat(
                        Stream.of(objective.loss()),
                        objective.metrics().stream().map(Tensor::tensor))
                .map(this::weighted)
                .toList();
    }

    /** A batch that counts for nothing may give anything, NaN too. */
    private Operand<TFloat32> counted(List<Operand<TFloat32>> numbers) {
        Operand<TFloat32> vector = tf.stack(numbers);
        return tf.select(tf.math.greater(weight, tf.constant(0f)), vector, tf.zerosLike(vector));
    }

    private List<Op> firstValues() {
        List<Op> all = new ArrayList<>(slots.firstValues());
        for (TrainedVariable variable : program.variables()) {
            String initialiser = variable.value() == null ? variable.initialiser() : constantOf(variable) + ":0";
            if (initialiser == null) {
                throw new IllegalArgumentException(
                        "Cannot train: expected variable '%s' to have a first value, found none"
                                .formatted(variable.name()));
            }
            all.add(tf.assignVariableOp(handle(variable), tensor(initialiser)));
        }
        return all;
    }

    private String group(String name, List<Op> operations) {
        return tf.withName(name).withControlDependencies(operations).noOp().op().name();
    }

    private GraphDef placed(GraphDef graphDef) {
        GraphDef.Builder placed = graphDef.toBuilder();
        for (NodeDef.Builder node : placed.getNodeBuilderList()) {
            node.setDevice(DEVICE.formatted(rank));
        }
        return placed.build();
    }

    @Override
    public void close() {
        graph.close();
    }
}
