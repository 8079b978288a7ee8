package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * The signatures of a saved model: what it can compute, of what.
 *
 * @param model the model's name
 * @param metaGraphs its metagraphs, in the model's order; most models have one
 */
public record ModelSignatures(String model, List<MetaGraph> metaGraphs) {

    /** What TensorFlow keeps among the signatures for itself. */
    private static final String INTERNAL = "__saved_model_";

    public ModelSignatures {
        metaGraphs = List.copyOf(metaGraphs);
    }

    /**
     * A graph of the model, and its signatures.
     *
     * @param tags what it is found by; {@link ModelLoader#tags} takes all of them
     * @param signatures by name, in order; {@link ModelLoader#signature} takes a name
     */
    public record MetaGraph(List<String> tags, Map<String, ProgramSignature> signatures) {

        public MetaGraph {
            tags = List.copyOf(tags);
            signatures = Collections.unmodifiableMap(new TreeMap<>(signatures));
        }
    }

    /** Returns a signature of the metagraph with these tags. */
    public Optional<ProgramSignature> signature(List<String> tags, String name) {
        return metaGraphs.stream()
                .filter(metaGraph -> metaGraph.tags().equals(tags))
                .flatMap(metaGraph -> Optional.ofNullable(metaGraph.signatures().get(name)).stream())
                .findFirst();
    }

    static ModelSignatures of(String model, SavedModel savedModel) {
        List<MetaGraph> metaGraphs = new ArrayList<>();
        for (MetaGraphDef metaGraph : savedModel.getMetaGraphsList()) {
            Map<String, ProgramSignature> signatures = new TreeMap<>();
            for (String name : namesOf(metaGraph)) {
                signatures.put(name, Signatures.read(metaGraph.getSignatureDefOrThrow(name)));
            }
            metaGraphs.add(new MetaGraph(metaGraph.getMetaInfoDef().getTagsList(), signatures));
        }
        return new ModelSignatures(model, metaGraphs);
    }

    /** Returns the names of the signatures that users may ask for, in order. */
    static List<String> namesOf(MetaGraphDef metaGraph) {
        return metaGraph.getSignatureDefMap().entrySet().stream()
                .filter(signature -> !signature.getKey().startsWith(INTERNAL))
                .filter(signature -> signature.getValue().getOutputsCount() > 0)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** Returns all signatures, a line for each input and output. */
    @Override
    public String toString() {
        var lines = new StringJoiner("\n");
        lines.add("Model " + model);
        for (MetaGraph metaGraph : metaGraphs) {
            lines.add("  tags " + metaGraph.tags());
            metaGraph.signatures().forEach((name, signature) -> {
                lines.add("    signature " + name);
                signature.inputs().forEach(input -> lines.add("      input   " + input));
                signature.outputs().forEach(output -> lines.add("      output  " + output));
            });
        }
        return lines.toString();
    }
}
