package io.tensorbridge.tensor;

import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.proto.NodeDef;

/**
 * Finds operations that make it unsound to feed a program with memory that is not TensorFlow's own.
 *
 * <p>TensorFlow never forwards an aliased input to be overwritten, with one exception: the {@code Inplace…} kernels write
 * into their input by design. And operations that put a tensor into a resource keep its buffer after the run is over;
 * the block's memory would be written to while a variable or a queue still reads it.
 */
final class AliasSafety {

    private static final Set<String> RETAIN = Set.of(
            "AssignVariableOp",
            "AssignVariableXlaConcatND",
            "Stage",
            "MapStage",
            "MapUnstage",
            "OrderedMapStage",
            "ResourceAccumulatorApplyGradient",
            "AddSparseToTensorsMap",
            "AddManySparseToTensorsMap",
            "GetSessionHandle",
            "GetSessionHandleV2",
            "Batch",
            "BatchFunction",
            "Unbatch",
            "UnbatchGrad",
            "WindowOp",
            "Send",
            "_Send",
            "HostSend",
            "PyFunc",
            "PyFuncStateless",
            "EagerPyFunc");

    /** Parts of the names of operations that keep tensors in a resource. Wrongly found here costs a copy, no more. */
    private static final Set<String> RETAIN_PARTS = Set.of(
            "Enqueue",
            "Queue",
            "Dataset",
            "Iterator",
            "Barrier",
            "Accumulator",
            "LookupTableInsert",
            "LookupTableImport",
            "MutableHashTable",
            "MutableDenseHashTable",
            "TensorArray",
            "TensorMap",
            "Summary");

    private AliasSafety() {}

    /** Returns the first operation for whose sake the program must be given copies, or nothing if it may alias. */
    static Optional<String> firstOffender(GraphClosure closure) {
        return Stream.concat(closure.nodes().stream(), closure.functionNodes().stream())
                .map(NodeDef::getOp)
                .filter(AliasSafety::writesOrRetains)
                .findFirst();
    }

    static boolean writesOrRetains(String op) {
        return op.startsWith("Inplace")
                || RETAIN.contains(op)
                || RETAIN_PARTS.stream().anyMatch(op::contains);
    }
}
