package io.tensorbridge.ml;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import io.tensorbridge.Models;
import io.tensorbridge.tensor.Program;
import java.util.List;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader$;
import org.apache.spark.ml.util.MLReader;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

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
        var metadata = DefaultParamsReader$.MODULE$.loadMetadata(path, sparkSession(), "");
        if (!metadata.className().equals(type.getName())) {
            throw new IllegalArgumentException(
                    "Cannot load a stage: expected one of class %s, found one of class %s. Load it with the class that saved it"
                            .formatted(type.getName(), metadata.className()));
        }
        JsonNode json = ParamJson.decode("metadata", metadata.metadataJson(), new TypeReference<JsonNode>() {});
        checkFormat(metadata.uid(), json);
        S stage = withUid.apply(metadata.uid());
        metadata.getAndSetParams(
                stage,
                Option.apply(
                        CollectionConverters.asScala(List.of(stage.program().name()))
                                .toList()));
        Program program = Models.at(sparkSession(), new Path(path, StageWriter.PROGRAM).toString())
                .program();
        checkDigest(metadata.uid(), json, stage, program);
        return stage.setProgram(program);
    }

    private static void checkFormat(String uid, JsonNode json) {
        JsonNode format = json.path(StageWriter.FORMAT_FIELD);
        if (!format.isInt() || format.intValue() < 1) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected the number of its format, found none in its metadata. Save the stage again"
                            .formatted(uid));
        }
        if (format.intValue() > StageWriter.FORMAT) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected format %d or one before, found format %d of a newer version of Tensorbridge. Load it with that version"
                            .formatted(uid, StageWriter.FORMAT, format.intValue()));
        }
    }

    private static void checkDigest(String uid, JsonNode json, ProgramTransformer<?> stage, Program program) {
        String saved = json.path("paramMap").path(stage.program().name()).asText();
        if (!program.sha256().equals(saved)) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected its program to have SHA-256 %s, found %s. Copy the stage again, or save it again"
                            .formatted(uid, saved, program.sha256()));
        }
    }
}
