package io.tensorbridge.benchmarks;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * Features by a run of the session for each row, in {@code Dataset.map}, as Deep Learning Pipelines made them. It is spared what
 * else that did: here a process has one session, not each partition one, and the graph decodes and resizes.
 */
final class PicturesOneByOne {

    /** Sessions of this process, by the setting of threads: a function that Spark sends to tasks cannot take one along. */
    private static final Map<Integer, PlainLoop> SESSIONS = new ConcurrentHashMap<>();

    private PicturesOneByOne() {}

    /** Runs rows in this session from now on, which the caller closes when no more run. */
    static void use(int interOp, PlainLoop session) {
        SESSIONS.put(interOp, session);
    }

    /**
     * Returns paths and features.
     *
     * @param files paths and contents
     * @param interOp the setting of threads of the session to use
     */
    static Dataset<Row> features(Dataset<Row> files, int interOp) {
        StructType schema =
                new StructType().add("path", "string", false).add("features", SQLDataTypes.VectorType(), false);
        return files.select("path", "content")
                .map(
                        (MapFunction<Row, Row>)
                                row -> RowFactory.create(row.getString(0), vector(row.getAs(1), interOp)),
                        Encoders.row(schema));
    }

    private static Vector vector(byte[] content, int interOp) {
        PlainLoop session = SESSIONS.get(interOp);
        if (session == null) {
            throw new IllegalStateException("No session with inter-op " + interOp);
        }
        float[] values = session.values(() -> ImagesSuite.tensors(content));
        double[] features = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            features[i] = values[i];
        }
        return Vectors.dense(features);
    }
}
