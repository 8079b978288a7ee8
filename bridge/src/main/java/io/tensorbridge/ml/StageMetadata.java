package io.tensorbridge.ml;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsReader$;
import org.apache.spark.ml.util.DefaultParamsWriter$;
import org.apache.spark.sql.SparkSession;
import org.json4s.JInt;
import org.json4s.JObject;
import org.json4s.JString;
import org.json4s.JValue;
import scala.Option;
import scala.Tuple2;
import scala.jdk.javaapi.CollectionConverters;
import scala.math.BigInt;

/**
 * What Spark writes of every stage: its class, its uid and its params, in Spark's own form, which pipelines read too.
 *
 * <p>Spark keeps the classes that write and read it to itself in Scala alone; Java may call them, and gets its format whatever the
 * version.
 */
final class StageMetadata {

    /** The field that says how the rest is to be understood. */
    static final String FORMAT_FIELD = "tensorbridgeFormat";

    static final int FORMAT = 1;

    private final DefaultParamsReader.Metadata metadata;
    private final JsonNode json;

    private StageMetadata(DefaultParamsReader.Metadata metadata, JsonNode json) {
        this.metadata = metadata;
        this.json = json;
    }

    /** Writes it into the directory of a stage, with texts of the stage's own by name. */
    static void write(Params stage, String path, SparkSession spark, Map<String, String> texts) {
        List<Tuple2<String, JValue>> fields = new ArrayList<>();
        fields.add(new Tuple2<>(FORMAT_FIELD, new JInt(BigInt.apply(FORMAT))));
        texts.forEach((name, text) -> fields.add(new Tuple2<>(name, new JString(text))));
        var extra = new JObject(CollectionConverters.asScala(fields).toList());
        DefaultParamsWriter$.MODULE$.saveMetadata(stage, path, spark, Option.apply(extra), Option.empty());
    }

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException if it is of another class, or of a format that is not known
     */
    static StageMetadata read(Class<?> type, String path, SparkSession spark) {
        var metadata = DefaultParamsReader$.MODULE$.loadMetadata(path, spark, "");
        if (!metadata.className().equals(type.getName())) {
            throw new IllegalArgumentException(
                    "Cannot load a stage: expected one of class %s, found one of class %s. Load it with the class that saved it"
                            .formatted(type.getName(), metadata.className()));
        }
        JsonNode json = ParamJson.decode("metadata", metadata.metadataJson(), new TypeReference<JsonNode>() {});
        checkFormat(metadata.uid(), json);
        return new StageMetadata(metadata, json);
    }

    private static void checkFormat(String uid, JsonNode json) {
        JsonNode format = json.path(FORMAT_FIELD);
        if (!format.isInt() || format.intValue() < 1) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected the number of its format, found none in its metadata. Save the stage again"
                            .formatted(uid));
        }
        if (format.intValue() > FORMAT) {
            throw new IllegalArgumentException(
                    "Cannot load stage '%s': expected format %d or one before, found format %d of a newer version of Tensorbridge. Load it with that version"
                            .formatted(uid, FORMAT, format.intValue()));
        }
    }

    String uid() {
        return metadata.uid();
    }

    /** Returns the JSON of a param as it was saved, if that is a text; else an empty one. */
    String text(Param<?> param) {
        return json.path("paramMap").path(param.name()).asText();
    }

    /** Returns a text of the stage's own. */
    String text(String name) {
        return json.path(name).asText();
    }

    /** Sets all params but one, which is in files of its own. */
    void setParams(Params stage, Param<?> but) {
        metadata.getAndSetParams(
                stage,
                Option.apply(CollectionConverters.asScala(List.of(but.name())).toList()));
    }
}
