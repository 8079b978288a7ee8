package io.tensorbridge.examples;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static io.tensorbridge.TensorFrames.reduceBlocks;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.TensorValue;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.mllib.clustering.KMeansModel;
import org.apache.spark.mllib.linalg.Vector;
import org.apache.spark.mllib.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * How do I iterate? Clusters points around k centres: each iteration runs one program over all points, fed with the centres
 * that the one before gave. Spark MLlib does the same beside it, from the same points and centres.
 *
 * <p>Arguments: the number of points, of their dimensions, and of rounds that are timed; without, 100,000, 100 and 5.
 */
public final class KMeans {

    private static final int K = 10;
    private static final int ITERATIONS = 10;
    private static final long SEED = 11;
    private static final double SPREAD =
            3; // around centres that are 1 from zero: clusters overlap, so centres keep moving

    private KMeans() {}

    public static void main(String[] args) throws IOException {
        int rows = args.length > 0 ? Integer.parseInt(args[0]) : 100_000;
        int dimensions = args.length > 1 ? Integer.parseInt(args[1]) : 100;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
        try (SparkSession spark = SparkSession.builder()
                .master("local[*]")
                .appName("KMeans")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            compare(spark, rows, dimensions, rounds);
        }
    }

    // region iterate
    /** Returns a program that gives, for each block of points, the sum and the count of those that are nearest to a centre. */
    private static Program assign(int dimensions) {
        return Program.build(tf -> {
            var points = placeholder(tf, "points", TFloat32.class, Shape.of(-1, dimensions));
            var centres = placeholder(tf, "centres", TFloat32.class, Shape.of(K, dimensions));
            // |p - c|² less |p|², which is the same for all centres
            var products = tf.linalg.matMul(points, tf.linalg.transpose(centres, tf.constant(new int[] {1, 0})));
            var squares = tf.reduceSum(tf.math.square(centres), tf.constant(1));
            var distances = tf.math.sub(squares, tf.math.mul(products, tf.constant(2f)));
            var nearest = tf.math.argMin(distances, tf.constant(1), TInt32.class);
            var sums = tf.math.unsortedSegmentSum(points, nearest, tf.constant(K));
            var counts = tf.math.unsortedSegmentSum(tf.onesLike(nearest), nearest, tf.constant(K));
            return outputs("sums", tf.expandDims(sums, tf.constant(0)))
                    .and("counts", tf.expandDims(counts, tf.constant(0)));
        });
    }

    private static Program sum(int dimensions) {
        return Program.build(tf -> {
            var sums = placeholder(tf, "sums_input", TFloat32.class, Shape.of(-1, K, dimensions));
            var counts = placeholder(tf, "counts_input", TInt32.class, Shape.of(-1, K));
            return outputs("sums", tf.reduceSum(sums, tf.constant(0)))
                    .and("counts", tf.reduceSum(counts, tf.constant(0)));
        });
    }

    /** Returns the centres after some iterations; those without points stay where they are. */
    private static float[][] cluster(Dataset<Row> points, float[][] start, Program assign, Program sum) {
        float[][] centres = start;
        for (int i = 0; i < ITERATIONS; i++) {
            TensorValue value = TensorValue.of(Shape.of(K, start[0].length), flat(centres));
            Dataset<Row> parts = mapBlocks(assign).with("centres", value).trim().apply(points);
            centres = moved(centres, reduceBlocks(sum).apply(parts));
        }
        return centres;
    }

    private static float[][] moved(float[][] centres, Row reduced) {
        List<scala.collection.Seq<Float>> sums = reduced.getList(0);
        List<Integer> counts = reduced.getList(1);
        float[][] moved = new float[K][];
        for (int c = 0; c < K; c++) {
            int count = counts.get(c);
            moved[c] = centres[c].clone();
            for (int d = 0; count > 0 && d < moved[c].length; d++) {
                moved[c][d] = sums.get(c).apply(d) / count;
            }
        }
        return moved;
    }
    // endregion

    private static void compare(SparkSession spark, int rows, int dimensions, int rounds) {
        Dataset<Row> points = points(spark, rows, dimensions).cache();
        JavaRDD<Vector> vectors = points.javaRDD()
                .map(row -> Vectors.dense(row.<Float>getList(0).stream()
                        .mapToDouble(Float::doubleValue)
                        .toArray()))
                .cache();
        vectors.count();
        float[][] start = start(rows, dimensions);
        Program assign = assign(dimensions);
        Program sum = sum(dimensions);
        double[] seconds = new double[rounds];
        double[] secondsMllib = new double[rounds];
        float[][] centres = start;
        Vector[] centresMllib = new Vector[0];
        for (int round = -1; round < rounds; round++) { // the first warms up
            long begin = System.nanoTime();
            centres = cluster(points, start, assign, sum);
            long between = System.nanoTime();
            centresMllib = clusterByMllib(vectors, start);
            long end = System.nanoTime();
            if (round >= 0) {
                seconds[round] = (between - begin) / 1e9;
                secondsMllib[round] = (end - between) / 1e9;
            }
        }
        double ours = median(seconds);
        double theirs = median(secondsMllib);
        print("seconds: %.2f", ours);
        print("seconds mllib: %.2f", theirs);
        print("ratio kmeans: %.2f", theirs / ours);
        print("largest difference of centres: %.4f", largestDifference(centres, centresMllib));
    }

    private static Vector[] clusterByMllib(JavaRDD<Vector> vectors, float[][] start) {
        Vector[] centres = Arrays.stream(start).map(KMeans::vector).toArray(Vector[]::new);
        return new org.apache.spark.mllib.clustering.KMeans()
                .setK(K)
                .setMaxIterations(ITERATIONS)
                .setEpsilon(0)
                .setInitialModel(new KMeansModel(centres))
                .run(vectors.rdd())
                .clusterCenters();
    }

    private static Vector vector(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, d -> values[d]);
        return Vectors.dense(doubles);
    }

    private static Dataset<Row> points(SparkSession spark, int rows, int dimensions) {
        JavaRDD<Row> points = spark.range(rows).javaRDD().map(id -> RowFactory.create((Object) point(id, dimensions)));
        return spark.createDataFrame(
                points,
                new StructType()
                        .add(
                                "points",
                                DataTypes.createArrayType(DataTypes.FloatType, /* containsNull= */ false),
                                false));
    }

    /** Returns a point near one of the true centres; the same number gives the same point. */
    private static float[] point(long id, int dimensions) {
        var around = new Random(SEED + 1 + id);
        var centre = new Random(SEED * 1_000_003 * (1 + around.nextInt(K)));
        float[] point = new float[dimensions];
        for (int d = 0; d < dimensions; d++) {
            point[d] = (float) (centre.nextGaussian() + SPREAD * around.nextGaussian());
        }
        return point;
    }

    /** Returns the first points: some of the true centres have several, others none. */
    private static float[][] start(int rows, int dimensions) {
        float[][] start = new float[K][];
        for (int c = 0; c < K; c++) {
            start[c] = point(c % rows, dimensions);
        }
        return start;
    }

    private static float[] flat(float[][] centres) {
        float[] flat = new float[K * centres[0].length];
        for (int c = 0; c < K; c++) {
            System.arraycopy(centres[c], 0, flat, c * centres[c].length, centres[c].length);
        }
        return flat;
    }

    private static double largestDifference(float[][] centres, Vector[] others) {
        double largest = 0;
        for (int c = 0; c < K; c++) {
            for (int d = 0; d < centres[c].length; d++) {
                largest = Math.max(largest, Math.abs(centres[c][d] - others[c].apply(d)));
            }
        }
        return largest;
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static void print(String format, double value) {
        System.out.println(String.format(Locale.ROOT, format, value));
    }
}
