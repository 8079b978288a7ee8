package io.tensorbridge.ml;

import io.tensorbridge.model.ModelTarget;
import io.tensorbridge.model.internal.PrivateDirectory;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.train.graph.TrainedPrograms;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.FirstValues;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Function;

/** A program as it is before it is trained. */
final class FirstProgram {

    private FirstProgram() {}

    /** Returns the program to use, with first values. */
    static Program of(TrainingProgram program, long seed) {
        return withFirstValues(program, seed, directory -> TrainedPrograms.program(program, directory));
    }

    /** Saves it as a saved model of TensorFlow's, with first values. */
    static void save(TrainingProgram program, long seed, ModelTarget target) {
        withFirstValues(program, seed, directory -> {
            TrainedPrograms.save(program, directory, target);
            return directory;
        });
    }

    private static <T> T withFirstValues(TrainingProgram program, long seed, Function<Path, T> use) {
        try {
            Path directory = PrivateDirectory.ofThisProcess().newDirectory();
            try {
                FirstValues.write(program, seed, directory);
                return use.apply(directory);
            } finally {
                PrivateDirectory.delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write first values: " + e.getMessage(), e);
        }
    }
}
