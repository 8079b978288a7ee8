package io.tensorbridge.benchmarks;

import static io.tensorbridge.benchmarks.Comparison.print;
import static java.util.Objects.requireNonNull;

import io.tensorbridge.RunMetrics;
import io.tensorbridge.examples.ExampleFiles;
import io.tensorbridge.image.ImagePreprocessing;
import io.tensorbridge.image.PixelScaling;
import io.tensorbridge.ml.ImageFeaturizer;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.types.TString;

/**
 * Features of photographs in files: by {@link ImageFeaturizer}, by a plain loop over blocks of as many files on as many threads,
 * and by a run of the session for each picture. All run the same graph, from the directory's listing on.
 */
final class ImagesSuite {

    private static final int SIDE = 224;
    private static final int BLOCK_ROWS = 8; // the featurizer's

    /**
     * Spark counts 4 MiB for the opening of each file, so that a partition of 128 MiB has 32 of these, a fifth of a second. There
     * are so many of them that the beginning of a job, and its end where a thread waits for another's last, are little of it.
     */
    private static final int FILES_OF_CORE = 1_536;

    private static final int WARM_UPS = 1;
    private static final int ROUNDS = 3;
    private static final double TOLERANCE = 1e-4;
    private static final String FIGURE = "images at local[%d]: %s %.2f s, %.1f a second";

    private ImagesSuite() {}

    static void run() throws IOException {
        Program network = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"));
        Program whole = network.after(
                ImagePreprocessing.to(SIDE, SIDE).scale(PixelScaling.UNIT).encoded());
        var featurizer = new ImageFeaturizer()
                .setProgram(network)
                .setSize(SIDE, SIDE)
                .setScaling(PixelScaling.UNIT)
                .setInputCol("content")
                .setOutputCol("features");
        // the first session decides how many threads share an operation: one, as in ours
        try (Photographs photographs = Photographs.open();
                PlainLoop onCaller = PlainLoop.ofProgram(whole, "features", PlainLoop.ON_CALLER);
                PlainLoop byDefault = PlainLoop.ofProgram(whole, "features", PlainLoop.BY_DEFAULT)) {
            List<Path> directories =
                    List.of(photographs.write("first", FILES_OF_CORE), photographs.write("second", FILES_OF_CORE));
            PicturesOneByOne.use(PlainLoop.ON_CALLER, onCaller);
            PicturesOneByOne.use(PlainLoop.BY_DEFAULT, byDefault);
            Map<String, Double> ratios = new LinkedHashMap<>();
            for (int cores = directories.size(); cores >= 1; cores--) {
                SparkSession spark = LocalSpark.on(cores);
                try {
                    var job = new Job(spark, cores, directories.subList(0, cores), featurizer);
                    ratios.putAll(job.compare(onCaller, byDefault));
                } finally {
                    spark.stop();
                }
            }
            ratios.forEach((name, ratio) -> print("ratio %s: %.3f", name, ratio));
        }
    }

    /** Makes the tensor of a block of files. */
    static Map<String, Tensor> tensors(byte[]... contents) {
        return Map.of("content", TString.tensorOfBytes(NdArrays.vectorOfObjects(contents)));
    }

    /**
     * A side beside ours.
     *
     * @param name what its time is called
     * @param ratio what our pictures a second over its own are called
     * @param work what it does
     */
    private record Rival(String name, String ratio, Runnable work) {}

    /** The same files by all sides. */
    private record Job(SparkSession spark, int cores, List<Path> directories, ImageFeaturizer featurizer) {

        /** Returns pictures a second, ours over theirs, by what is compared. */
        Map<String, Double> compare(PlainLoop onCaller, PlainLoop byDefault) {
            check(onCaller);
            RunMetrics counts = new Counts(spark).of(() -> drain(ours()));
            List<Rival> rivals = List.of(
                    new Rival("plain loop, default inter-op", "featurize-default-inter-op", () -> loop(byDefault)),
                    new Rival(
                            "one by one, inter-op -1",
                            "batch-one-inter-op-1",
                            () -> drain(oneByOne(PlainLoop.ON_CALLER))),
                    new Rival("plain loop", "featurize", () -> loop(onCaller)),
                    new Rival("one by one", "batch-one", () -> drain(oneByOne(PlainLoop.BY_DEFAULT))));
            List<Runnable> sides = new ArrayList<>(List.of(() -> drain(ours())));
            rivals.forEach(rival -> sides.add(rival.work()));
            double[] seconds = Comparison.mediansInTurn(WARM_UPS, ROUNDS, sides);
            print("images at local[%d]: %d files in %d blocks", cores, counts.rows(), counts.blocks());
            print(FIGURE, cores, "ours", seconds[0], counts.rows() / seconds[0]);
            Map<String, Double> ratios = new LinkedHashMap<>();
            for (int i = 0; i < rivals.size(); i++) {
                double time = seconds[i + 1];
                print(FIGURE, cores, rivals.get(i).name(), time, counts.rows() / time);
                ratios.put(rivals.get(i).ratio() + (cores == 1 ? "-local1" : ""), time / seconds[0]);
            }
            return ratios;
        }

        private Dataset<Row> files() {
            return spark.read()
                    .format("binaryFile")
                    .load(directories.stream().map(Path::toString).toArray(String[]::new));
        }

        private Dataset<Row> ours() {
            return featurizer.transform(files()).select("path", "features");
        }

        private Dataset<Row> oneByOne(int interOp) {
            return PicturesOneByOne.features(files(), interOp);
        }

        private void loop(PlainLoop loop) {
            List<PlainLoop.Block> blocks = blocks(Photographs.list(directories)).stream()
                    .map(ImagesSuite::block)
                    .toList();
            if (Double.isNaN(loop.run(blocks, cores))) {
                throw new IllegalStateException("Expected numbers, found NaN");
            }
        }

        /** Holds all sides to their task. */
        private void check(PlainLoop loop) {
            Map<String, float[]> expected = new TreeMap<>();
            for (List<Path> files : blocks(Photographs.list(directories))) {
                float[] values = loop.values(block(files));
                int width = values.length / files.size();
                for (int i = 0; i < files.size(); i++) {
                    expected.put(name(files.get(i).toString()), Arrays.copyOfRange(values, i * width, (i + 1) * width));
                }
            }
            requireEqual(expected, "the featurizer", ours());
            requireEqual(expected, "a run for each picture", oneByOne(PlainLoop.BY_DEFAULT));
        }
    }

    private static List<List<Path>> blocks(List<Path> files) {
        List<List<Path>> blocks = new ArrayList<>();
        for (int from = 0; from < files.size(); from += BLOCK_ROWS) {
            blocks.add(files.subList(from, Math.min(files.size(), from + BLOCK_ROWS)));
        }
        return blocks;
    }

    private static PlainLoop.Block block(List<Path> files) {
        return () -> tensors(files.stream().map(ImagesSuite::read).toArray(byte[][]::new));
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static void requireEqual(Map<String, float[]> expected, String side, Dataset<Row> pathsAndFeatures) {
        List<Row> rows = pathsAndFeatures.collectAsList();
        if (rows.size() != expected.size()) {
            throw new IllegalStateException(
                    "Expected %d pictures of %s, found %d".formatted(expected.size(), side, rows.size()));
        }
        for (Row row : rows) {
            String name = name(row.getString(0));
            float[] wanted = requireNonNull(expected.get(name), name);
            double[] found = row.<Vector>getAs(1).toArray();
            for (int i = 0; i < Math.max(found.length, wanted.length); i++) {
                if (!(Math.abs(found[i] - wanted[i]) <= TOLERANCE)) {
                    throw new IllegalStateException("Expected feature %d of '%s' to be %f by %s as well, found %f"
                            .formatted(i, name, wanted[i], side, found[i]));
                }
            }
        }
    }

    private static void drain(Dataset<Row> df) {
        df.write().format("noop").mode("overwrite").save();
    }
}
