package io.tensorbridge;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.ProgramFacts;
import java.util.Collection;
import org.apache.spark.sql.SparkSession;

/** Notes what is wrong with a program whatever it is fed with: it would fail in every task, or give what is no result. */
final class ProgramCheck {

    private ProgramCheck() {}

    /** Notes models that may not run in a session, and operations that cannot. */
    static void ofAny(Program program, Collection<String> outputs, SparkSession spark, Mismatches mismatches) {
        ofModels(program, spark, mismatches);
        ProgramFacts.withoutKernel(program, outputs)
                .ifPresent(operation -> mismatches.addOperation(
                        operation.name(),
                        "expected a kernel for the CPU, found kernels for %s of %s. Put another operation in its place"
                                .formatted(operation.found(), operation.type())));
        ProgramFacts.oversized(program, outputs)
                .ifPresent(operation -> mismatches.addOperation(
                        operation.name(),
                        "expected %s to make at most %d values, found shape %s. Make it smaller in the program"
                                .formatted(operation.type(), Integer.MAX_VALUE, operation.found())));
    }

    /** Notes those too whose numbers are others each time: what they take part in is no reduction. */
    static void ofReduction(Program program, Collection<String> outputs, SparkSession spark, Mismatches mismatches) {
        ofAny(program, outputs, spark, mismatches);
        ProgramFacts.random(program, outputs)
                .ifPresent(operation -> mismatches.addOperation(
                        operation.name(),
                        "expected f(f(a), f(b)) to be f(a and b), found %s, which gives other numbers each time. Draw them in mapBlocks, before the reduction"
                                .formatted(operation.type())));
    }

    /** Notes models that were loaded without a pin, where the context asks for one. */
    private static void ofModels(Program program, SparkSession spark, Mismatches mismatches) {
        if (TensorFramesOptions.requiresPinnedModels(spark.sparkContext())) {
            program.unpinnedModels()
                    .forEach((model, sha256) -> mismatches.add(
                            "model '%s': expected it to be pinned, as %s asks, found no pin. Load it with sha256(\"%s\")"
                                    .formatted(model, TensorFramesOptions.REQUIRE_PINNED_MODELS, sha256)));
        }
    }
}
