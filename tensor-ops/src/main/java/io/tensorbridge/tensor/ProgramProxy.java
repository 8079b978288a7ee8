package io.tensorbridge.tensor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.ModelFiles;
import java.io.InvalidObjectException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.SignatureDef;

/** A {@link Program} as bytes and strings; the digest is checked again when it is read. */
final class ProgramProxy implements Serializable {

    private static final long serialVersionUID = 1;

    private final String name;
    private final String form;
    private final ModelFiles files;
    private final String[] tags;
    private final byte[] signatureDef;
    private final String[] inputs;
    private final String[] outputs;
    private final @Nullable String aliasOffender;
    private final String digest;
    private final Origin origin;
    private final HashMap<String, TensorValue> warmUp;
    private final TreeMap<String, InputCheck> checks;

    ProgramProxy(Program program) {
        name = program.name();
        form = program.form().name();
        files = program.files();
        tags = program.tags().toArray(String[]::new);
        signatureDef = program.signatureDef().toByteArray();
        inputs = names(program.signature().inputs());
        outputs = names(program.signature().outputs());
        aliasOffender = program.copiesInputsBecauseOf().orElse(null);
        digest = program.sha256();
        origin = program.origin();
        warmUp = new HashMap<>(program.warmUp());
        checks = new TreeMap<>(program.checks());
    }

    private static String[] names(List<TensorSpec> specs) {
        return specs.stream().map(TensorSpec::name).toArray(String[]::new);
    }

    private Object readResolve() throws InvalidObjectException {
        if (!files.digest().equals(digest)) {
            throw new InvalidObjectException("Program '%s' was changed on its way: expected SHA-256 %s, found %s"
                    .formatted(name, digest, files.digest()));
        }
        try {
            SignatureDef signature = SignatureDef.parseFrom(signatureDef);
            return new Program(
                    name,
                    Program.Form.valueOf(form),
                    files,
                    new ArrayList<>(List.of(tags)),
                    signature,
                    Signatures.read(signature, List.of(inputs), List.of(outputs)),
                    Optional.ofNullable(aliasOffender),
                    origin,
                    warmUp,
                    checks);
        } catch (InvalidProtocolBufferException e) {
            var invalid = new InvalidObjectException("Program '%s' has an unreadable signature".formatted(name));
            invalid.initCause(e);
            throw invalid;
        }
    }
}
