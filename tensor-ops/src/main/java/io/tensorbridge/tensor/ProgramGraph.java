package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.GraphNames;
import io.tensorbridge.model.internal.ModelFiles;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;

/** The graph inside a program's files: how to read it, and how to make a program of an edited one. */
final class ProgramGraph {

    private ProgramGraph() {}

    /** An input or output of a program to be made: the tensor behind it and what the signature says of it. */
    record Port(String tensor, TensorSpec spec) {}

    static GraphDef of(Program program) {
        return switch (program.form()) {
            case GRAPH_DEF -> parse(program, ModelFiles.GRAPH, GraphDef::parseFrom);
            case SAVED_MODEL -> metaGraph(program).getGraphDef();
        };
    }

    /** Returns the part of a saved model that a program is of. */
    static MetaGraphDef metaGraph(Program program) {
        return metaGraph(program, savedModel(program));
    }

    /**
     * Returns what some outputs of a program need, as far as its inputs.
     *
     * @param graph the program's graph
     * @param outputs names of outputs
     */
    static GraphClosure closure(Program program, GraphDef graph, Collection<String> outputs) {
        return GraphClosure.of(
                graph,
                program.signature().outputs().stream()
                        .filter(output -> outputs.contains(output.name()))
                        .map(output -> outputTensor(program, output))
                        .toList(),
                program.signature().inputs().stream()
                        .map(input -> inputTensor(program, input))
                        .collect(Collectors.toSet()));
    }

    /** Returns the tensor behind an input of a program. */
    static String inputTensor(Program program, TensorSpec input) {
        return canonical(program.signatureDef().getInputsOrThrow(input.name()).getName());
    }

    /** Returns the tensor behind an output of a program. */
    static String outputTensor(Program program, TensorSpec output) {
        return canonical(program.signatureDef().getOutputsOrThrow(output.name()).getName());
    }

    /** Returns the one name of a tensor that goes by {@code x} and by {@code x:0}. */
    static String canonical(String tensor) {
        return GraphNames.operationOf(tensor) + ":" + GraphNames.indexOf(tensor);
    }

    /**
     * Returns edits that begin with what the rewritten program keeps of this one.
     *
     * <p>Of a graph these are the functions alone, since a rewritten program computes through functions; of a saved model
     * it is everything, since its other files belong to nodes that no output needs.
     */
    static GraphEdits edit(Program program, GraphDef graph) {
        return new GraphEdits(
                switch (program.form()) {
                    case GRAPH_DEF ->
                        GraphDef.newBuilder().setVersions(graph.getVersions()).setLibrary(graph.getLibrary());
                    case SAVED_MODEL -> graph.toBuilder();
                });
    }

    /** Returns a program named like this one, of this form and with its other files. */
    static Program rewritten(Program program, GraphEdits edits, List<Port> inputs, List<Port> outputs) {
        GraphDef graph = edits.build();
        GraphClosure closure =
                GraphClosure.of(graph, outputs.stream().map(Port::tensor).toList());
        return new Program(
                        program.name(),
                        program.form(),
                        files(program, graph),
                        program.tags(),
                        signature(inputs, outputs),
                        new ProgramSignature(
                                inputs.stream().map(Port::spec).toList(),
                                outputs.stream().map(Port::spec).toList()),
                        AliasSafety.firstOffender(closure),
                        program.origin())
                .withChecks(program.checks());
    }

    /**
     * Returns all inputs that a program has or had before its outputs were chosen, its own first.
     *
     * <p>Another choice of outputs may need again what this one does not.
     */
    static List<Port> inputPorts(Program program) {
        List<Port> ports = new ArrayList<>();
        program.signature().inputs().forEach(input -> ports.add(new Port(inputTensor(program, input), input)));
        Signatures.read(program.signatureDef()).inputs().stream()
                .filter(input -> program.signature().input(input.name()).isEmpty())
                .forEach(input -> ports.add(new Port(inputTensor(program, input), input)));
        return ports;
    }

    /** Returns the placeholders that some outputs need and no input feeds. */
    static List<NodeDef> unfed(GraphDef graph, List<Port> inputs, List<Port> outputs) {
        return between(graph, inputs, outputs, new HashSet<>()).nodes().stream()
                .filter(node -> node.getOp().equals("Placeholder"))
                .toList();
    }

    private static GraphClosure between(GraphDef graph, List<Port> inputs, List<Port> outputs, Set<String> used) {
        return GraphClosure.of(
                graph,
                outputs.stream().map(Port::tensor).toList(),
                inputs.stream().map(Port::tensor).toList(),
                used);
    }

    /** Returns a program of the same files, with these outputs and those of the inputs that they need. */
    static Program withPorts(Program program, GraphDef graph, List<Port> inputs, List<Port> outputs) {
        return of(program, program.name(), program.files(), graph, inputs, outputs, program.origin());
    }

    /** Returns a program of another graph, with these outputs and those of the inputs that they need. */
    static Program withGraph(
            Program program, String name, GraphDef graph, List<Port> inputs, List<Port> outputs, Origin origin) {
        return of(program, name, files(program, graph), graph, inputs, outputs, origin);
    }

    private static Program of(
            Program program,
            String name,
            ModelFiles files,
            GraphDef graph,
            List<Port> inputs,
            List<Port> outputs,
            Origin origin) {
        Set<String> used = new HashSet<>();
        GraphClosure closure = between(graph, inputs, outputs, used);
        return new Program(
                        name,
                        program.form(),
                        files,
                        program.tags(),
                        signature(inputs, outputs),
                        new ProgramSignature(
                                inputs.stream()
                                        .filter(input -> used.contains(input.tensor()))
                                        .map(Port::spec)
                                        .toList(),
                                outputs.stream().map(Port::spec).toList()),
                        AliasSafety.firstOffender(closure),
                        origin)
                .withChecks(program.checks());
    }

    private static SignatureDef signature(List<Port> inputs, List<Port> outputs) {
        var signature = SignatureDef.newBuilder();
        inputs.forEach(port -> signature.putInputs(port.spec().name(), Signatures.info(port.tensor(), port.spec())));
        outputs.forEach(port -> signature.putOutputs(port.spec().name(), Signatures.info(port.tensor(), port.spec())));
        return signature.build();
    }

    private static ModelFiles files(Program program, GraphDef graph) {
        return switch (program.form()) {
            case GRAPH_DEF -> ModelFiles.ofGraph(ProtoBytes.of(graph));
            case SAVED_MODEL -> {
                SavedModel model = savedModel(program);
                MetaGraphDef metaGraph = metaGraph(program, model);
                var edited = model.toBuilder()
                        .setMetaGraphs(
                                model.getMetaGraphsList().indexOf(metaGraph),
                                metaGraph.toBuilder().setGraphDef(graph));
                yield program.files().with(ModelFiles.SAVED_MODEL, ProtoBytes.of(edited.build()));
            }
        };
    }

    private static SavedModel savedModel(Program program) {
        return parse(program, ModelFiles.SAVED_MODEL, SavedModel::parseFrom);
    }

    private static MetaGraphDef metaGraph(Program program, SavedModel model) {
        return SavedModelReader.find(model, program.tags())
                .orElseThrow(() -> new IllegalStateException("Program without its metagraph: " + program));
    }

    private interface Parser<T> {
        T parse(byte[] bytes) throws InvalidProtocolBufferException;
    }

    private static <T> T parse(Program program, String file, Parser<T> parser) {
        try {
            return parser.parse(program.files().bytes(file));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("Program without a readable graph: " + program, e);
        }
    }
}
