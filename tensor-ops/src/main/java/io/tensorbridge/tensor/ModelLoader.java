package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.ModelPolicy;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes programs of a model's files: a saved model, a graph, or a checkpoint beside its metagraph.
 *
 * <p>What is wrong with the files is found here, by one {@link ProgramException}, and not by the tasks that run the program.
 * The files are read by the methods that return something, each time anew, and are not needed afterwards.
 *
 * <p>Immutable: each refinement returns another loader. Safe for use by several threads, as far as the folder is.
 */
public final class ModelLoader {

    static final List<String> SERVE = List.of("serve");
    static final String SERVING_DEFAULT = "serving_default";

    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    private final ModelFolder folder;
    private final List<String> tags;
    private final String signature;
    private final @Nullable String pinned;
    private final ModelPolicy policy;

    private ModelLoader(
            ModelFolder folder, List<String> tags, String signature, @Nullable String pinned, ModelPolicy policy) {
        this.folder = folder;
        this.tags = tags;
        this.signature = signature;
        this.pinned = pinned;
        this.policy = policy;
    }

    static ModelLoader of(ModelFolder folder) {
        return new ModelLoader(folder, SERVE, SERVING_DEFAULT, /* pinned= */ null, ModelPolicy.standard());
    }

    /** Takes the metagraph that has these tags and no others, instead of the one tagged {@code serve}. */
    public ModelLoader tags(String... newTags) {
        return new ModelLoader(folder, List.of(newTags), signature, pinned, policy);
    }

    /** Takes the signature of this name, instead of {@code serving_default}; {@link #signatures} lists them. */
    public ModelLoader signature(String name) {
        return new ModelLoader(folder, tags, name, pinned, policy);
    }

    /**
     * Takes the model only if its files are those that were pinned. It costs nothing, since the digest is taken anyway.
     *
     * @param digest what {@link Program#sha256} returned of the program when it was loaded for the first time, in
     *     hexadecimal; for {@link #program} what saving it returned, which is over its signature and name, too
     * @throws IllegalArgumentException if that is no SHA-256
     */
    public ModelLoader sha256(String digest) {
        String lowerCase = digest.toLowerCase(Locale.ROOT);
        if (!DIGEST.matcher(lowerCase).matches()) {
            throw new IllegalArgumentException(
                    "Invalid SHA-256: must be 64 hexadecimal digits, found '%s'. Take what sha256() of the program returns"
                            .formatted(digest));
        }
        return new ModelLoader(folder, tags, signature, lowerCase, policy);
    }

    /** Holds the model to this policy, instead of the {@linkplain ModelPolicy#standard standard} one. */
    public ModelLoader policy(ModelPolicy newPolicy) {
        return new ModelLoader(folder, tags, signature, pinned, newPolicy);
    }

    /**
     * Reads a saved model: {@code saved_model.pb} and what belongs to it.
     *
     * @return a program named after the folder
     * @throws ProgramException if there is no such model, metagraph or signature, its variables are not all there, or
     *     something cannot be read
     */
    public Program savedModel() {
        return SavedModelReader.read(this, new ModelSource(folder));
    }

    /** Returns every signature of a saved model, of all its metagraphs. Its variables are not looked at. */
    public ModelSignatures signatures() {
        return SavedModelReader.signatures(new ModelSource(folder));
    }

    /**
     * Reads a graph whose variables are frozen into it.
     *
     * @param file the path of a serialised GraphDef in the folder
     * @param inputs the tensors to feed, as {@code operation} or {@code operation:index}; each is an input of that name. Any
     *     tensor will do, and what is before it falls away
     * @param outputs the tensors to fetch, likewise, in order
     * @return a program named after the file
     * @throws ProgramException if that is no graph, or has no such tensors; if the outputs need an input that is not named,
     *     or do not need one that is
     */
    public Program graphDef(String file, List<String> inputs, List<String> outputs) {
        return GraphFiles.read(this, new ModelSource(folder), file, inputs, outputs);
    }

    /**
     * Reads a checkpoint and the metagraph beside it, by a signature of the metagraph.
     *
     * @param prefix what the names of the files begin with: {@code model.ckpt-100} for {@code model.ckpt-100.meta}, {@code
     *     model.ckpt-100.index} and {@code model.ckpt-100.data-00000-of-00001}
     * @throws ProgramException as for {@link #savedModel}
     */
    public Program checkpoint(String prefix) {
        return CheckpointReader.read(this, new ModelSource(folder), prefix);
    }

    /**
     * Reads a checkpoint and the metagraph beside it, by the names of tensors.
     *
     * @param prefix as for {@link #checkpoint(String)}
     * @param inputs as for {@link #graphDef}
     * @param outputs as for {@link #graphDef}
     */
    public Program checkpoint(String prefix, List<String> inputs, List<String> outputs) {
        return CheckpointReader.read(this, new ModelSource(folder), prefix, inputs, outputs);
    }

    /**
     * Reads a program that {@link Program#save} saved, with its name, signature, checks of inputs and what it is warmed up with.
     *
     * <p>It is held to the policy as any model is, though driver code may have built it: what it was before it was saved, nobody
     * knows. Tags and signature of this loader are not asked for.
     *
     * @throws ProgramException if it is not all there, was changed since it was saved, was saved by a version of the library
     *     that writes another format, or has what the policy does not allow
     */
    public Program program() {
        return ProgramReader.read(this, new ModelSource(folder));
    }

    ModelFolder folder() {
        return folder;
    }

    List<String> tags() {
        return tags;
    }

    String signature() {
        return signature;
    }

    Origin origin(String name, String sha256) {
        return pinned == null ? Origin.unpinned(name, sha256, policy) : Origin.pinned(policy);
    }

    ModelPolicy policy() {
        return policy;
    }

    /** Returns the digest that the files must have, or null if any will do. */
    @Nullable
    String pinned() {
        return pinned;
    }
}
