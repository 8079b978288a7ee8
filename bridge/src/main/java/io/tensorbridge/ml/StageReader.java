package io.tensorbridge.ml;

import io.tensorbridge.Models;
import io.tensorbridge.tensor.Program;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.SparkSession;

/**
 * Reads stages of one class. Whatever class the metadata name, no other is ever made of them.
 *
 * @param <S> the stage
 */
final class StageReader<S extends ProgramTransformer<S>> extends MLReader<S> {

    private final Class<S> type;
    private final Function<String, S> withUid;

    StageReader(Class<S> type, Function<String, S> withUid) {
        this.type = type;
        this.withUid = withUid;
    }

    @Override
    public S load(String path) {
        StageMetadata metadata = StageMetadata.read(type, path, sparkSession());
        S stage = withUid.apply(metadata.uid());
        metadata.setParams(stage, stage.program());
        return stage.setProgram(program(sparkSession(), path, metadata, stage.program()));
    }

    /** Reads the program of a stage, which must be the one that it was saved with. */
    static Program program(SparkSession spark, String path, StageMetadata metadata, Param<Program> param) {
        Program program =
                Models.at(spark, new Path(path, StageWriter.PROGRAM).toString()).program();
        String saved = metadata.text(param);
        if (!program.sha256().equals(saved)) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected its program to have SHA-256 %s, found %s. Copy the stage again, or save it again"
                            .formatted(metadata.uid(), saved, program.sha256()));
        }
        return program;
    }
}
