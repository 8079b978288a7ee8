package io.tensorbridge.model;

import io.tensorbridge.model.internal.OperationList;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which operations a model may have.
 *
 * <p>A model is a program, and TensorFlow is no sandbox: a policy keeps out what has no place in a model, it does not make
 * a model from an unknown source safe. The standard policy allows what computes. It refuses operations that read or write
 * files, speak to other processes, call code that is not TensorFlow's, wait, keep data from one run to the next, or end the
 * process, and every operation that TensorFlow does not have. Variables and tables may be written, and files of the model
 * read, while it is loaded, and not by what an output needs.
 *
 * <p>Only code that runs in the driver can widen it, operation by operation; nothing in a model can.
 *
 * <p>Immutable, and safe for use by several threads.
 */
public final class ModelPolicy implements Serializable {

    private static final long serialVersionUID = 1;

    private static final ModelPolicy STANDARD = new ModelPolicy(Collections.emptySortedSet());

    // unmodifiable sets of the JDK, which are Serializable
    @SuppressWarnings("serial")
    private final SortedSet<String> allowedOps;

    private ModelPolicy(SortedSet<String> allowedOps) {
        this.allowedOps = allowedOps;
    }

    /** Returns the policy that holds where no other is given. */
    public static ModelPolicy standard() {
        return STANDARD;
    }

    /**
     * Returns this policy with some operations allowed anywhere, whatever they do. That a model has one is logged.
     *
     * @param ops types of operations, such as {@code ReadFile}
     * @throws IllegalArgumentException if TensorFlow has no operation of such a name
     */
    public ModelPolicy allowOps(String... ops) {
        SortedSet<String> more = new TreeSet<>(allowedOps);
        for (String op : ops) {
            if (OperationList.standard().entry(op).isEmpty()) {
                List<String> close = OperationList.standard().closeTo(op);
                throw new IllegalArgumentException(
                        "Invalid operation to allow: must be one of TensorFlow %s, found '%s'. Mend allowOps(\"%s\")%s"
                                .formatted(
                                        OperationList.TENSORFLOW,
                                        op,
                                        op,
                                        close.isEmpty() ? "" : ": names like it are " + close));
            }
        }
        more.addAll(Arrays.asList(ops));
        return new ModelPolicy(Collections.unmodifiableSortedSet(more));
    }

    /** Returns the types of the operations that are allowed beyond the standard policy, in order. */
    public SortedSet<String> allowedOps() {
        return allowedOps;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModelPolicy policy && allowedOps.equals(policy.allowedOps);
    }

    @Override
    public int hashCode() {
        return allowedOps.hashCode();
    }

    /** Returns {@code standard}, and what is allowed beyond it: {@code standard + [ReadFile]}. */
    @Override
    public String toString() {
        return allowedOps.isEmpty() ? "standard" : "standard + " + allowedOps;
    }
}
