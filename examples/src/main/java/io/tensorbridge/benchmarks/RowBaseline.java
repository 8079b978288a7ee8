package io.tensorbridge.benchmarks;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * What one writes without a library: {@code Dataset.mapPartitions} over rows, TensorFlow Java's {@code Session}, tensors out
 * of Java arrays. The session is opened once per process, and blocks are as large as ours.
 */
final class RowBaseline {

    private static final ConcurrentHashMap<String, Session> SESSIONS = new ConcurrentHashMap<>();

    private RowBaseline() {}

    /** {@code z = x + 3} beside x. */
    static Dataset<Row> plusThree(Dataset<Row> df, int blockRows) {
        StructType schema = new StructType().add("x", "double", false).add("z", "double", false);
        return df.mapPartitions(
                (MapPartitionsFunction<Row, Row>) rows -> new Blocks(rows, blockRows) {
                    @Override
                    void run(Iterator<Row> block, int count, Deque<Row> results) {
                        double[] values = new double[count];
                        int n = 0;
                        while (n < count && block.hasNext()) {
                            values[n++] = block.next().getDouble(0);
                        }
                        double[] fed = n == count ? values : java.util.Arrays.copyOf(values, n);
                        try (TFloat64 x = TFloat64.vectorOf(fed);
                                Result out = session("plusThree")
                                        .runner()
                                        .feed("x", x)
                                        .fetch("z")
                                        .run()) {
                            double[] z = new double[n];
                            ((TFloat64) out.get(0)).copyTo(DataBuffers.of(z, false, false));
                            for (int i = 0; i < n; i++) {
                                results.add(RowFactory.create(fed[i], z[i]));
                            }
                        }
                    }
                },
                Encoders.row(schema));
    }

    /** The sum of the squares of an array of floats, alone. */
    static Dataset<Row> sumOfSquares(Dataset<Row> df, int width, int blockRows) {
        StructType schema = new StructType().add("y", "float", false);
        return df.mapPartitions(
                (MapPartitionsFunction<Row, Row>) rows -> new Blocks(rows, blockRows) {
                    @Override
                    void run(Iterator<Row> block, int count, Deque<Row> results) {
                        float[] values = new float[count * width];
                        int n = 0;
                        while (n < count && block.hasNext()) {
                            scala.collection.Seq<Float> cell = block.next().getSeq(0);
                            for (int i = 0; i < width; i++) {
                                values[n * width + i] = cell.apply(i);
                            }
                            n++;
                        }
                        try (TFloat32 x = TFloat32.tensorOf(
                                        Shape.of(n, width),
                                        DataBuffers.of(values, false, false).slice(0, (long) n * width));
                                Result out = session("sumOfSquares")
                                        .runner()
                                        .feed("x", x)
                                        .fetch("y")
                                        .run()) {
                            float[] y = new float[n];
                            ((TFloat32) out.get(0)).copyTo(DataBuffers.of(y, false, false));
                            for (int i = 0; i < n; i++) {
                                results.add(RowFactory.create(y[i]));
                            }
                        }
                    }
                },
                Encoders.row(schema));
    }

    private static Session session(String program) {
        return SESSIONS.computeIfAbsent(program, name -> {
            var graph = new Graph();
            Ops tf = Ops.create(graph);
            if (name.equals("plusThree")) {
                var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(Shape.of(-1)));
                tf.withName("z").math.add(x, tf.constant(3.0));
            } else {
                var x = tf.withName("x").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1)));
                tf.withName("y").reduceSum(tf.math.square(x), tf.constant(1));
            }
            return new Session(graph);
        });
    }

    /** Rows in blocks, and the results of a block row by row. */
    private abstract static class Blocks implements Iterator<Row> {

        private final Iterator<Row> rows;
        private final int blockRows;
        private final Deque<Row> results = new ArrayDeque<>();

        Blocks(Iterator<Row> rows, int blockRows) {
            this.rows = rows;
            this.blockRows = blockRows;
        }

        abstract void run(Iterator<Row> block, int count, Deque<Row> results);

        @Override
        public boolean hasNext() {
            if (results.isEmpty() && rows.hasNext()) {
                run(rows, blockRows, results);
            }
            return !results.isEmpty();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return results.remove();
        }
    }
}
