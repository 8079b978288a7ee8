package io.tensorbridge.ml;

import io.tensorbridge.Models;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsWriter$;
import org.apache.spark.ml.util.MLWriter;
import org.json4s.JInt;
import org.json4s.JObject;
import org.json4s.JValue;
import scala.Option;
import scala.Tuple2;
import scala.jdk.javaapi.CollectionConverters;
import scala.math.BigInt;

/**
 * Writes a stage: {@code metadata}, in Spark's own form, which pipelines read too, and beside it the {@code program}.
 *
 * <p>Spark keeps the class that writes its metadata to itself in Scala alone; Java may call it, and gets its format whatever
 * the version.
 */
final class StageWriter extends MLWriter {

    /** The field of the metadata that says how the rest is to be understood. */
    static final String FORMAT_FIELD = "tensorbridgeFormat";

    static final int FORMAT = 1;
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
        var format = new Tuple2<String, JValue>(FORMAT_FIELD, new JInt(BigInt.apply(FORMAT)));
        var extra = new JObject(CollectionConverters.asScala(List.of(format)).toList());
        DefaultParamsWriter$.MODULE$.saveMetadata(stage, path, sparkSession(), Option.apply(extra), Option.empty());
        Models.save(sparkSession(), stage.getProgram(), new Path(path, PROGRAM).toString());
    }
}
