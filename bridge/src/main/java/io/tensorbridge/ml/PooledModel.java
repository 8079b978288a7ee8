package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** A model, some of whose outputs are pooled in its own graph. */
final class PooledModel {

    private PooledModel() {}

    /** Returns whether an output can be had beside others that are pooled: TensorFlow for Java has no shorter integers. */
    static boolean canHave(TensorSpec output) {
        return typeOf(output).isPresent();
    }

    /**
     * Returns a program of the model's inputs that gives these outputs, under their names.
     *
     * @param outputs of the model, and what becomes of each; those that are pooled are {@code DT_FLOAT} maps
     */
    static Program of(Program model, Map<TensorSpec, Pooling> outputs) {
        Map<String, String> feeds = new LinkedHashMap<>();
        outputs.keySet().forEach(output -> feeds.put(inputOf(output), output.name()));
        Program pooling = Program.build(tf -> {
            Map<String, Operand<?>> results = new LinkedHashMap<>();
            outputs.forEach((output, how) -> results.put(output.name(), result(tf, output, how)));
            var all = results.entrySet().iterator();
            var first = all.next();
            Program.Outputs named = Program.outputs(first.getKey(), first.getValue());
            while (all.hasNext()) {
                var next = all.next();
                named = named.and(next.getKey(), next.getValue());
            }
            return named;
        });
        return model.then(pooling, feeds).named(model.name());
    }

    private static String inputOf(TensorSpec output) {
        return "unpooled_" + output.name().replaceAll("[^A-Za-z0-9_.]", "_");
    }

    private static Operand<?> result(Ops tf, TensorSpec output, Pooling how) {
        if (how == Pooling.NONE) {
            return tf.identity(
                    Program.placeholder(tf, inputOf(output), typeOf(output).orElseThrow(), output.shape()));
        }
        return how.pool(tf, Program.placeholder(tf, inputOf(output), TFloat32.class, output.shape()), output.shape());
    }

    private static Optional<Class<? extends TType>> typeOf(TensorSpec output) {
        return switch (output.elementType()) {
            case DT_FLOAT -> Optional.of(TFloat32.class);
            case DT_DOUBLE -> Optional.of(TFloat64.class);
            case DT_HALF -> Optional.of(TFloat16.class);
            case DT_INT32 -> Optional.of(TInt32.class);
            case DT_INT64 -> Optional.of(TInt64.class);
            case DT_UINT8 -> Optional.of(TUint8.class);
            case DT_BOOL -> Optional.of(TBool.class);
            case DT_STRING -> Optional.of(TString.class);
            default -> Optional.empty();
        };
    }
}
