package io.tensorbridge.train.graph;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.op.train.ResourceApplyKerasMomentum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/** Lets variables follow their gradients, by TensorFlow's own operations. */
final class VariableUpdates {

    private final Ops tf;
    private final Ops after;
    private final UpdateRule rule;
    private final Slots slots;
    private final Operand<TFloat32> rate;
    private final Operand<TInt64> count;

    /**
     * @param after makes operations that wait until all has been read
     */
    VariableUpdates(Ops tf, Ops after, UpdateRule rule, Slots slots, Operand<TFloat32> rate, Operand<TInt64> count) {
        this.tf = tf;
        this.after = after;
        this.rule = rule;
        this.slots = slots;
        this.rate = rate;
        this.count = count;
    }

    /** Clips gradients as the rule says. */
    List<Operand<TFloat32>> clipped(List<Operand<TFloat32>> gradients) {
        List<Operand<TFloat32>> clipped = new ArrayList<>(gradients);
        if (rule.clipValue() < Double.POSITIVE_INFINITY) {
            Operand<TFloat32> most = tf.constant((float) rule.clipValue());
            clipped.replaceAll(gradient -> tf.clipByValue(gradient, tf.math.neg(most), most));
        }
        if (rule.clipNorm() < Double.POSITIVE_INFINITY) {
            List<Operand<TFloat32>> squares = new ArrayList<>();
            // half of the sum of the squares each
            clipped.forEach(gradient -> squares.add(tf.nn.l2Loss(gradient)));
            Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.math.addN(squares), tf.constant(2f)));
            Operand<TFloat32> most = tf.constant((float) rule.clipNorm());
            Operand<TFloat32> scale = tf.math.div(most, tf.math.maximum(norm, most));
            clipped.replaceAll(gradient -> tf.math.mul(gradient, scale));
        }
        return clipped;
    }

    /** Updates a variable. */
    Op apply(
            TrainedVariable variable,
            Operand<? extends TType> handle,
            Operand<TFloat32> value,
            Operand<TFloat32> gradient) {
        Ops last = after;
        if (rule.weightDecay() > 0) {
            Operand<TFloat32> lost = tf.math.mul(tf.math.mul(rate, tf.constant((float) rule.weightDecay())), value);
            last = after.withControlDependencies(after.assignSubVariableOp(handle, lost));
        }
        return follow(last, variable, handle, gradient);
    }

    private Op follow(
            Ops after, TrainedVariable variable, Operand<? extends TType> handle, Operand<TFloat32> gradient) {
        Optimizer optimizer = rule.optimizer();
        if (optimizer instanceof Optimizer.Sgd) {
            return after.train.resourceApplyGradientDescent(handle, rate, gradient);
        } else if (optimizer instanceof Optimizer.Momentum momentum) {
            return momentum(after, variable, handle, gradient, momentum.momentum(), /* nesterov= */ false);
        } else if (optimizer instanceof Optimizer.Nesterov nesterov) {
            return momentum(after, variable, handle, gradient, nesterov.momentum(), /* nesterov= */ true);
        } else if (optimizer instanceof Optimizer.Adam adam) {
            return after.train.resourceApplyAdam(
                    handle,
                    slot(variable, "Adam/m", 0),
                    slot(variable, "Adam/v", 0),
                    power(adam.beta1()),
                    power(adam.beta2()),
                    rate,
                    tf.constant((float) adam.beta1()),
                    tf.constant((float) adam.beta2()),
                    tf.constant((float) adam.epsilon()),
                    gradient);
        } else if (optimizer instanceof Optimizer.Adagrad adagrad) {
            // has no method of its own in TensorFlow Java
            Operation applied = after.scope()
                    .opBuilder("ResourceApplyAdagradV2", "adagrad")
                    .addInput(handle.asOutput())
                    .addInput(slot(variable, "Adagrad/accumulator", adagrad.initialAccumulator())
                            .asOutput())
                    .addInput(rate.asOutput())
                    .addInput(tf.constant((float) adagrad.epsilon()).asOutput())
                    .addInput(gradient.asOutput())
                    .build();
            return () -> applied;
        } else if (optimizer instanceof Optimizer.RmsProp rmsProp) {
            return after.train.resourceApplyRmsProp(
                    handle,
                    slot(variable, "RMSProp/meanSquare", 0),
                    slot(variable, "RMSProp/momentum", 0),
                    rate,
                    tf.constant((float) rmsProp.decay()),
                    tf.constant((float) rmsProp.momentum()),
                    tf.constant((float) rmsProp.epsilon()),
                    gradient);
        }
        throw new IllegalStateException("Unknown optimizer " + optimizer);
    }

    private Op momentum(
            Ops after,
            TrainedVariable variable,
            Operand<? extends TType> handle,
            Operand<TFloat32> gradient,
            double momentum,
            boolean nesterov) {
        return after.train.resourceApplyKerasMomentum(
                handle,
                slot(variable, "Momentum/velocity", 0),
                rate,
                gradient,
                tf.constant((float) momentum),
                ResourceApplyKerasMomentum.useNesterov(nesterov));
    }

    private VarHandleOp slot(TrainedVariable variable, String what, double first) {
        Operand<TFloat32> value = tf.fill(tf.constant(variable.shape()), tf.constant((float) first));
        return slots.saved(variable.name() + "/" + what, variable.shape(), TFloat32.class, value)
                .handle();
    }

    /** Returns the power of a decay with the number of steps, this one included. */
    private Operand<TFloat32> power(double decay) {
        Operand<TFloat64> steps = tf.dtypes.cast(tf.math.add(count, tf.constant(1L)), TFloat64.class);
        return tf.dtypes.cast(tf.math.pow(tf.constant(decay), steps), TFloat32.class);
    }
}
