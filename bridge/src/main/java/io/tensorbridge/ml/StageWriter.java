package io.tensorbridge.ml;

import io.tensorbridge.Models;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.MLWriter;

/** Writes a stage: its metadata, and beside them the {@code program}. */
final class StageWriter extends MLWriter {

    static final String PROGRAM = "program";

    private final ProgramTransformer<?> stage;

    StageWriter(ProgramTransformer<?> stage) {
        this.stage = stage;
    }

    @Override
    public void save(String path) throws IOException {
        stage.requireSavable(); // before what is there is overwritten
        super.save(path);
    }

    @Override
    public void saveImpl(String path) {
        stage.requireSavable();
        StageMetadata.write(stage, path, sparkSession(), Map.of());
        Models.save(sparkSession(), stage.getProgram(), new Path(path, PROGRAM).toString());
    }
}
