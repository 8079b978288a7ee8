package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;

import io.tensorbridge.Models;
import io.tensorbridge.model.ModelPolicy;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Graph;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.TString;

/** What can be had of a model, and which models are had? Loads one, cuts it, saves that, pins it, and is refused another. */
public final class ModelsTour {

    private ModelsTour() {}

    public static void main(String[] args) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("ModelsTour")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Path directory = Files.createTempDirectory("programs");
            try {
                run(spark, directory);
            } finally {
                FileUtils.deleteDirectory(directory.toFile());
            }
        }
    }

    private static void run(SparkSession spark, Path directory) {
        String uri = ExampleFiles.data("digits/model").toUri().toString();
        // region load
        ModelLoader model = Models.at(spark, uri); // file:, hdfs:, s3a: …, a directory or a zip archive
        System.out.println(model.signatures());
        Program digits = model.savedModel();
        // endregion

        // region cut
        digits.tensors().stream().skip(11).forEach(System.out::println);
        Program features = digits.cutAt("Relu_2"); // in place of the outputs
        Program scored = digits.fetching("features", "Relu_2"); // beside them
        System.out.println(scored.signature().outputs());

        Dataset<Row> pictures = spark.read()
                .parquet(ExampleFiles.data("digits/held-out.parquet").toString());
        mapBlocks(features)
                .shape("pixels", 20, 20)
                .fetch("Relu_2", "features")
                .apply(pictures)
                .printSchema();
        // endregion

        // region save
        String place = directory.resolve("features").toUri().toString(); // or hdfs:, s3a: …
        String saved = Models.save(spark, features, place);
        Program loaded = Models.at(spark, place).sha256(saved).program();
        System.out.println(loaded.equals(features) + ", " + loaded.signature().outputs());
        // endregion

        // region pin
        String digest = digits.sha256();
        System.out.println(digest);
        Program pinned = model.sha256(digest).savedModel(); // fails once a file is another
        // endregion
        System.out.println(pinned.equals(digits));

        // region policy
        GraphDef reader = readerOfFiles();
        try {
            Program.fromGraphDef(reader, "contents");
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
        Program allowed = Program.fromGraphDef(ModelPolicy.standard().allowOps("ReadFile"), reader, "contents");
        // endregion
        System.out.println(allowed.signature().inputs());
    }

    /** Returns a graph that gives the contents of any file that it is told the name of. */
    private static GraphDef readerOfFiles() {
        try (var graph = new Graph()) {
            var name = Ops.create(graph).withName("name").placeholder(TString.class);
            Ops.create(graph).withName("contents").io.readFile(name);
            return graph.toGraphDef();
        }
    }
}
