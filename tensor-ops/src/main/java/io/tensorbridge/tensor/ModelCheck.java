package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.internal.Finding;
import io.tensorbridge.model.internal.ModelScan;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * Holds models to a policy before TensorFlow sees a byte of them, and logs what a policy allows beyond the standard one.
 *
 * <p>What driver code builds of TensorFlow's operations is its own, and is not held to any.
 */
final class ModelCheck {

    private static final Logger LOG = LoggerFactory.getLogger(ModelCheck.class);
    private static final int MOST_LINES = 20;

    private ModelCheck() {}

    /**
     * Checks all that a saved model has.
     *
     * @param what the beginning of the message, such as {@code Cannot load model 'iris'}
     * @param sha256 what identifies the model, for the log
     * @throws ProgramException if the policy does not allow some of it; names everything
     */
    static void check(String what, SavedModel model, String sha256, ModelPolicy policy) {
        ModelScan scan = ModelScan.of(model, policy);
        refusal(scan).ifPresent(reason -> {
            throw new ProgramException(what, reason);
        });
        log(scan, sha256);
    }

    /**
     * Checks all that a graph has, and that its outputs need nothing that belongs to loading.
     *
     * @param fetches tensors of the graph
     * @param fed tensors that are fed, such as {@code x:0}
     * @param sha256 what identifies the graph, for the log
     * @return what the policy does not allow, to be said after "Cannot read graph: "; nothing if it allows all
     */
    static Optional<String> refusal(
            GraphDef graph, Collection<String> fetches, Set<String> fed, String sha256, ModelPolicy policy) {
        ModelScan scan = ModelScan.of(graph, policy);
        Optional<String> refusal = refusal(scan).or(() -> refusal(ModelScan.ofOutputs(graph, fetches, fed, policy)));
        if (refusal.isEmpty()) {
            log(scan, sha256);
        }
        return refusal;
    }

    /**
     * Checks all that the graph of a model has.
     *
     * @param what the beginning of the message
     * @param sha256 what identifies the model, for the log
     * @throws ProgramException if the policy does not allow some of it; names everything
     */
    static void checkGraph(String what, GraphDef graph, String sha256, ModelPolicy policy) {
        ModelScan scan = ModelScan.of(graph, policy);
        refusal(scan).ifPresent(reason -> {
            throw new ProgramException(what, reason);
        });
        log(scan, sha256);
    }

    /**
     * Checks what outputs of a model need, which is to have nothing that belongs to loading.
     *
     * @param what the beginning of the message
     * @param graph a graph whose model was checked
     * @param fetches tensors of the graph
     * @param fed tensors that are fed, such as {@code x:0}
     * @throws ProgramException if there is such an operation; names all
     */
    static void checkOutputs(
            String what, GraphDef graph, Collection<String> fetches, Set<String> fed, ModelPolicy policy) {
        refusal(ModelScan.ofOutputs(graph, fetches, fed, policy)).ifPresent(reason -> {
            throw new ProgramException(what, reason);
        });
    }

    private static Optional<String> refusal(ModelScan scan) {
        List<Finding> findings = scan.findings();
        if (findings.isEmpty()) {
            return Optional.empty();
        }
        String lines =
                findings.stream().limit(MOST_LINES).map(Finding::toString).collect(Collectors.joining("\n  - "));
        int more = findings.size() - MOST_LINES;
        return Optional.of("expected what its policy allows, found more:\n  - " + lines
                + (more > 0 ? "\n  - and %d like these".formatted(more) : ""));
    }

    private static void log(ModelScan scan, String sha256) {
        for (ModelScan.Allowance allowance : scan.allowances()) {
            LOG.warn(
                    "Allowed {} as {} of model {} for user {}",
                    allowance.op(),
                    allowance.where(),
                    sha256,
                    System.getProperty("user.name"));
        }
    }
}
