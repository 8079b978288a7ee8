package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.family.TType;

/**
 * What to compute: a graph or a saved model, its signature and its SHA-256.
 *
 * <p>A program is an immutable value. It holds bytes and nothing native, so it travels to executors and needs no close;
 * a {@link ProgramSession} is what runs it. Two programs are equal if files, tags, signature, checks and name are.
 *
 * <p>Safe for use by several threads.
 */
public final class Program implements Serializable {

    /** How the files of a program are to be loaded. */
    enum Form {
        GRAPH_DEF,
        SAVED_MODEL
    }

    private final transient String name;
    private final transient Form form;
    private final transient ModelFiles files;
    private final transient List<String> tags;
    private final transient SignatureDef signatureDef;
    private final transient ProgramSignature signature;
    private final transient Optional<String> aliasOffender;
    private final transient Origin origin;
    private final transient Map<String, TensorValue> warmUp;
    private final transient Map<String, InputCheck> checks;
    private final transient Map<Object, Object> remembered = new ConcurrentHashMap<>();

    Program(
            String name,
            Form form,
            ModelFiles files,
            List<String> tags,
            SignatureDef signatureDef,
            ProgramSignature signature,
            Optional<String> aliasOffender,
            Origin origin) {
        this(name, form, files, tags, signatureDef, signature, aliasOffender, origin, Map.of(), Map.of());
    }

    Program(
            String name,
            Form form,
            ModelFiles files,
            List<String> tags,
            SignatureDef signatureDef,
            ProgramSignature signature,
            Optional<String> aliasOffender,
            Origin origin,
            Map<String, TensorValue> warmUp,
            Map<String, InputCheck> checks) {
        this.name = name;
        this.form = form;
        this.files = files;
        this.tags = List.copyOf(tags);
        this.signatureDef = signatureDef;
        this.signature = signature;
        this.aliasOffender = aliasOffender;
        this.origin = origin;
        this.warmUp = Map.copyOf(warmUp);
        this.checks = ofStrings(signature, checks);
    }

    /** Returns the checks that have an input of strings: other values have no cells that a check could look into. */
    private static Map<String, InputCheck> ofStrings(ProgramSignature signature, Map<String, InputCheck> checks) {
        Map<String, InputCheck> kept = new TreeMap<>(checks);
        kept.keySet()
                .retainAll(signature.inputs().stream()
                        .filter(input -> input.elementType() == DataType.DT_STRING)
                        .map(TensorSpec::name)
                        .toList());
        return kept;
    }

    /**
     * Builds a program out of TensorFlow's own operations.
     *
     * <p>Its inputs are the placeholders that the outputs need, in the order in which they were made. The program is
     * named after its outputs; {@link #named} gives it another name.
     *
     * @param body makes the graph and says which of its tensors are outputs; see {@link #placeholder}, {@link #outputs}
     */
    public static Program build(Function<Ops, Outputs> body) {
        return GraphPrograms.build(body);
    }

    /**
     * Makes a program from a serialised GraphDef.
     *
     * @param graphDef the bytes of a GraphDef
     * @param fetches the outputs, as {@code operation} or {@code operation:index}, in order; each gives an output of that
     *     name
     * @throws IllegalArgumentException if the bytes are no GraphDef that TensorFlow imports, a fetch is not in it, or the
     *     {@linkplain ModelPolicy#standard standard policy} does not allow an operation of it
     */
    public static Program fromGraphDef(byte[] graphDef, String... fetches) {
        return fromGraphDef(ModelPolicy.standard(), graphDef, fetches);
    }

    /**
     * Makes a program from a serialised GraphDef by another policy than the standard one.
     *
     * @param policy which operations the graph may have
     * @param graphDef the bytes of a GraphDef
     * @param fetches as for {@link #fromGraphDef(byte[], String...)}
     */
    public static Program fromGraphDef(ModelPolicy policy, byte[] graphDef, String... fetches) {
        return GraphPrograms.fromBytes(graphDef, List.of(fetches), policy);
    }

    /**
     * Makes a program from a GraphDef.
     *
     * @param graphDef the graph
     * @param fetches as for {@link #fromGraphDef(byte[], String...)}
     */
    public static Program fromGraphDef(GraphDef graphDef, String... fetches) {
        return fromGraphDef(ModelPolicy.standard(), graphDef, fetches);
    }

    /**
     * Makes a program from a GraphDef by another policy than the standard one.
     *
     * @param policy which operations the graph may have
     * @param graphDef the graph
     * @param fetches as for {@link #fromGraphDef(byte[], String...)}
     */
    public static Program fromGraphDef(ModelPolicy policy, GraphDef graphDef, String... fetches) {
        return GraphPrograms.fromGraphDef(graphDef, List.of(fetches), policy);
    }

    /**
     * Returns a loader of the model in a folder, for other tags, signatures and kinds of models than the short cuts take.
     *
     * <pre>{@code
     * Program iris = Program.load(ModelFolder.of(Path.of("iris.zip"))).signature("classify").savedModel();
     * }</pre>
     *
     * @param folder where the files of the model are; they are read when the loader is asked for a program
     */
    public static ModelLoader load(ModelFolder folder) {
        return ModelLoader.of(folder);
    }

    /**
     * Reads a saved model: its metagraph tagged {@code serve}, with the signature {@code serving_default}.
     *
     * @param path the directory that holds {@code saved_model.pb}, or a zip archive of it; it is read now, and not needed
     *     afterwards
     * @throws ProgramException if there is no such model, or its files are not all there and sound
     */
    public static Program fromSavedModel(Path path) {
        return load(ModelFolder.of(path)).savedModel();
    }

    /**
     * Reads a saved model: its metagraph tagged {@code serve}, with a signature of this name.
     *
     * @param path as for {@link #fromSavedModel(Path)}
     * @param signatureKey the name of the signature; {@link #signatures} lists them
     * @throws ProgramException if there is no such model or signature, or its files are not all there and sound
     */
    public static Program fromSavedModel(Path path, String signatureKey) {
        return load(ModelFolder.of(path)).signature(signatureKey).savedModel();
    }

    /**
     * Lists the signatures of a saved model, of all its metagraphs; what is returned prints a line for each input and output.
     *
     * @param path as for {@link #fromSavedModel(Path)}
     * @throws ProgramException if there is no such model, or it cannot be read
     */
    public static ModelSignatures signatures(Path path) {
        return load(ModelFolder.of(path)).signatures();
    }

    /**
     * Adds a placeholder to a graph under construction.
     *
     * @param tf the graph's operations
     * @param name the name of the input
     * @param type the type of its elements
     * @param shape the shape of a whole block, such as {@code Shape.of(-1, 3)}
     * @throws IllegalArgumentException if the graph has an operation of that name already
     */
    public static <T extends TType> Placeholder<T> placeholder(Ops tf, String name, Class<T> type, Shape shape) {
        Placeholder<T> placeholder = tf.withName(name).placeholder(type, Placeholder.shape(shape));
        if (!placeholder.op().name().equals(name)) {
            throw new IllegalArgumentException(
                    "Cannot add input '%s': the graph has an operation of that name already".formatted(name));
        }
        return placeholder;
    }

    /**
     * Names the first output of a program under construction; {@link Outputs#and} names more.
     *
     * @param name the name of the output
     * @param tensor what it gives
     */
    public static Outputs outputs(String name, Operand<?> tensor) {
        return new Outputs(Map.of()).and(name, tensor);
    }

    /** Returns this program under another name, which messages and metrics show. */
    public Program named(String newName) {
        if (newName.isBlank()) {
            throw new IllegalArgumentException("Invalid program name: must not be blank");
        }
        return new Program(newName, form, files, tags, signatureDef, signature, aliasOffender, origin, warmUp, checks);
    }

    /**
     * Returns this program with values to run it with once when it is loaded, before a task has it: TensorFlow puts off some
     * work to the first run, of which the first block is spared. The values travel with the program and are no part of its
     * digest. A program that is made of this one, as {@code mapRows} makes one of blocks, has none.
     *
     * @param values for every input that the outputs need, a value of its type and shape: a block of a few rows
     * @throws SignatureMismatchException if they do not fit; the message holds every mismatch
     */
    public Program warmUp(Map<String, TensorValue> values) {
        WarmUp.check(this, values);
        return new Program(name, form, files, tags, signatureDef, signature, aliasOffender, origin, values, checks);
    }

    /**
     * Returns this program with a check of an input: of every value that feeds it, in Java and before TensorFlow sees any of the
     * block. What is refused fails the run, or its row alone if rows may fail on their own.
     *
     * <p>Programs that are made of this one have the check too, as long as they have the input. If there is a check already, both
     * must be passed. It is no part of the digest.
     *
     * @param input the name of an input of strings
     * @throws IllegalArgumentException if there is no input of that name, or it is not of strings
     */
    public Program checking(String input, InputCheck check) {
        TensorSpec spec = signature
                .input(input)
                .orElseThrow(() -> new IllegalArgumentException(
                        "Cannot check input '%s' of program '%s': expected one of the inputs %s, found no input of that name"
                                .formatted(
                                        input,
                                        name,
                                        signature.inputs().stream()
                                                .map(TensorSpec::name)
                                                .toList())));
        if (spec.elementType() != DataType.DT_STRING) {
            throw new IllegalArgumentException("Cannot check input '%s' of program '%s': expected DT_STRING, found %s"
                    .formatted(input, name, spec.elementType()));
        }
        Map<String, InputCheck> all = new TreeMap<>(checks);
        all.merge(input, check, InputCheck::and);
        return withChecks(all);
    }

    /** Returns this program with these checks of inputs in place of its own; those of inputs that it has not are of no effect. */
    Program withChecks(Map<String, InputCheck> newChecks) {
        return new Program(name, form, files, tags, signatureDef, signature, aliasOffender, origin, warmUp, newChecks);
    }

    /** Returns the program's name, for messages and metrics. */
    public String name() {
        return name;
    }

    /** Returns the named inputs and outputs. */
    public ProgramSignature signature() {
        return signature;
    }

    /**
     * Returns the inputs that some of the outputs need; the others need not be fed.
     *
     * @param outputs names of outputs
     */
    public List<TensorSpec> inputsOf(Collection<String> outputs) {
        return remembered(List.of("inputsOf", Set.copyOf(outputs)), () -> InputsOf.outputs(this, outputs));
    }

    /**
     * Returns the tensors between the inputs and the outputs, which {@link #cutAt} and {@link #fetching} take, in the graph's
     * order and under the names that one gives there.
     *
     * <p>A tensor goes by the name of its operation, and by {@code name:1} if it is not the first that the operation gives. What
     * a function computes is listed too, with the names of the calls before its own where another is named alike. Left out are
     * tensors that come of no input, such as weights, which can be named all the same; and those that no column can hold.
     * Nothing can be had of the inside of loops and branches.
     *
     * <p>Shapes are those of whole blocks, as far as TensorFlow can tell without running: the graph is imported once.
     *
     * @throws ProgramException if TensorFlow does not import the graph
     */
    public List<TensorSpec> tensors() {
        return ProgramTensors.of(this).specs();
    }

    /**
     * Returns a program of the same model that gives these tensors in place of the outputs: features from within.
     *
     * <p>Each output is named as the tensor is named here. Inputs that none of them needs fall away. A tensor of the graph
     * itself is to be had from the same files, so that both programs share a session; to reach into a function, its body
     * is put into the graph where it is called, and the rest of the model stays as it is.
     *
     * @param tensors names as {@link #tensors} lists them, or any endings of them that are no other's
     * @throws IllegalArgumentException if there is no such tensor, or it cannot be had; the message names some that are alike
     */
    public Program cutAt(String... tensors) {
        if (tensors.length == 0) {
            throw new IllegalArgumentException(
                    "Cannot cut program '%s': expected the name of a tensor, found none".formatted(name));
        }
        Map<String, String> named = new LinkedHashMap<>();
        List.of(tensors).forEach(tensor -> named.put(tensor, tensor));
        return ProgramCuts.of(this, List.of(), named);
    }

    /**
     * Returns a program with one more output, named after the tensor that it gives.
     *
     * @param tensor as for {@link #cutAt}
     */
    public Program fetching(String tensor) {
        return fetching(tensor, tensor);
    }

    /**
     * Returns a program with one more output.
     *
     * @param output the name of the output
     * @param tensor the tensor that it gives, as for {@link #cutAt}
     * @throws IllegalArgumentException if there is an output of that name already, or as {@link #cutAt} does
     */
    public Program fetching(String output, String tensor) {
        return ProgramCuts.of(this, signature.outputs(), Map.of(output, tensor));
    }

    /**
     * Joins another program to this one: its inputs are fed with the outputs of this one that are named like them.
     *
     * <p>Both become one graph, which runs in one session; nothing goes through a column in between. The result has the outputs
     * of {@code next}; its inputs are those of this program, then those of {@code next} that nothing here feeds. An input that
     * both name alike is one input of both. What else this program computes can be had with {@link #fetching}.
     *
     * <p>Shapes decide what fits: programs over blocks are joined to programs over blocks, programs over rows to programs over
     * rows; {@link #perRow} makes the former of the latter.
     *
     * @throws SignatureMismatchException if no output is named like an input, or those that are differ in type or shape; the
     *     message holds every mismatch
     * @throws IllegalArgumentException if both are saved models with variables or tables of their own
     */
    public Program then(Program next) {
        return then(next, Map.of());
    }

    /**
     * Joins another program to this one, as {@link #then(Program)} does.
     *
     * @param feeds inputs of {@code next}, and for each the output of this program that feeds it; the others are fed by name
     */
    public Program then(Program next, Map<String, String> feeds) {
        return ProgramJoin.of(this, next, feeds);
    }

    /** Joins this program to another that prepares its inputs: {@code preprocess.then(this)}. */
    public Program after(Program preprocess) {
        return preprocess.then(this);
    }

    /**
     * Joins this program to another that prepares its inputs: {@code preprocess.then(this, feeds)}.
     *
     * @param feeds inputs of this program, and for each the output of {@code preprocess} that feeds it
     */
    public Program after(Program preprocess, Map<String, String> feeds) {
        return preprocess.then(this, feeds);
    }

    /**
     * Returns a program over blocks that runs this one, over the cells of a row, on each row.
     *
     * <p>Inputs and outputs of shape {@code [3]} become {@code [?, 3]}. All rows of a block must give one shape.
     *
     * @throws IllegalArgumentException if the program has no inputs
     * @throws ProgramException if TensorFlow cannot make a function of the program
     */
    public Program perRow() {
        if (signature.inputs().isEmpty()) {
            throw new IllegalArgumentException(
                    "Cannot run program '%s' row by row: expected inputs, found none".formatted(name));
        }
        return ProgramRewrites.overRows(this);
    }

    /**
     * Saves this program as files: its own, and beside them its name, signature, checks of inputs and what it is warmed up with. {@link
     * ModelLoader#program} makes an equal one of them, wherever they are moved to.
     *
     * <p>Nothing is serialised as Java objects are. Long files are never in memory as a whole. What a reader needs first, {@code
     * program.json}, is written last: whoever reads what was cut short finds no program there.
     *
     * @param target an empty place
     * @return the SHA-256 of all that was written, for {@link ModelLoader#sha256}
     * @throws ProgramException if the files cannot be written
     */
    public String save(ModelTarget target) {
        return ProgramWriter.write(this, target);
    }

    /** Returns the SHA-256 of the program's files, in hexadecimal. */
    public String sha256() {
        return files.digest();
    }

    /** Returns how many bytes the program's files have. */
    public long bytes() {
        return files.length();
    }

    /**
     * Returns what programs must share to share one session: the files, and the tags to load them by.
     *
     * <p>Signature and name are not part of it: a session can run any signature of its files.
     */
    public String sessionKey() {
        return sha256() + tags;
    }

    /**
     * Returns the operation for whose sake this program is fed with copies, or nothing if it is fed with aliases.
     *
     * <p>Programs that write to their inputs or keep them beyond a run must not see the memory of a block.
     */
    public Optional<String> copiesInputsBecauseOf() {
        return aliasOffender;
    }

    /**
     * Returns the models that this program was made of and that were loaded without a SHA-256 to compare theirs with: the
     * SHA-256 to give, by the model's name. A program that was built has none, and what is made of a program has the same.
     */
    public SortedMap<String, String> unpinnedModels() {
        return origin.unpinned();
    }

    /** Returns a program of the same files with some of the outputs, and the inputs that these need. */
    Program restrictedTo(List<String> outputs) {
        List<TensorSpec> kept = outputs.stream()
                .map(name -> signature
                        .output(name)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "Cannot take output '%s' of program '%s': its outputs are %s"
                                        .formatted(name, this.name, signature.outputs()))))
                .toList();
        if (kept.isEmpty()) {
            throw new IllegalArgumentException("Cannot take outputs of program '%s': none was named".formatted(name));
        }
        return new Program(
                        name,
                        form,
                        files,
                        tags,
                        signatureDef,
                        new ProgramSignature(inputsOf(outputs), kept),
                        aliasOffender,
                        origin)
                .withChecks(checks);
    }

    /**
     * Returns what was made of this program under this key, and makes it if it was not; the key says of which type. What is
     * made may ask for other things made of this program, so two threads may both make it; one is kept.
     */
    @SuppressWarnings("unchecked") // one key, one type: each is used by one method
    <T> T remembered(Object key, Supplier<T> make) {
        Object known = remembered.get(key);
        if (known == null) {
            Object made = make.get();
            Object first = remembered.putIfAbsent(key, made);
            known = first == null ? made : first;
        }
        return (T) known;
    }

    /**
     * Returns this program with its files kept elsewhere; for the bridge to Spark, which ships long files apart.
     *
     * @param move returns the same files, kept elsewhere
     * @throws IllegalArgumentException if these are other files
     */
    public Program movedBy(UnaryOperator<ModelFiles> move) {
        ModelFiles moved = move.apply(files);
        if (!moved.digest().equals(files.digest())) {
            throw new IllegalArgumentException("Cannot move the files of program '%s': expected SHA-256 %s, found %s"
                    .formatted(name, files.digest(), moved.digest()));
        }
        return new Program(name, form, moved, tags, signatureDef, signature, aliasOffender, origin, warmUp, checks);
    }

    Form form() {
        return form;
    }

    /** Returns what a session of it is warmed up with; nothing if it is not. */
    Map<String, TensorValue> warmUp() {
        return warmUp;
    }

    /** Returns the checks of inputs, by the inputs' names, in their order. */
    Map<String, InputCheck> checks() {
        return checks;
    }

    ModelFiles files() {
        return files;
    }

    Origin origin() {
        return origin;
    }

    List<String> tags() {
        return tags;
    }

    SignatureDef signatureDef() {
        return signatureDef;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Program program
                && sessionKey().equals(program.sessionKey())
                && name.equals(program.name)
                && warmUp.equals(program.warmUp)
                && checks.equals(program.checks)
                && signatureDef.equals(program.signatureDef);
    }

    @Override
    public int hashCode() {
        return files.digest().hashCode();
    }

    /** Returns the name and the first digits of the digest: {@code iris@1f0c9a3b}. */
    @Override
    public String toString() {
        return name + "@" + sha256().substring(0, 8);
    }

    /** The named outputs of a program under construction, in order; immutable. */
    public static final class Outputs {

        private final Map<String, Operand<?>> tensors;

        private Outputs(Map<String, Operand<?>> tensors) {
            this.tensors = tensors;
        }

        /** Returns these outputs and one more. */
        public Outputs and(String name, Operand<?> tensor) {
            if (tensors.containsKey(name)) {
                throw new IllegalArgumentException(
                        "Cannot add output '%s': there is an output of that name already".formatted(name));
            }
            Map<String, Operand<?>> more = new LinkedHashMap<>(tensors);
            more.put(name, tensor);
            return new Outputs(more);
        }

        Map<String, Operand<?>> tensors() {
            return tensors;
        }
    }

    // Serialised through a proxy of bytes, since TensorFlow's Shape and protobuf's maps are no good for it.

    private Object writeReplace() {
        return new ProgramProxy(this);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("A program is read through its proxy");
    }
}
