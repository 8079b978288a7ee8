package io.tensorbridge;

import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import org.apache.spark.sql.SparkSession;

/** Models where Spark's data are: in any file system that Hadoop has. */
public final class Models {

    private Models() {}

    /**
     * Returns a loader of the model in a directory or a zip archive, for the driver to read.
     *
     * <p>Executors need no access to it: a program carries its files. It is read through Hadoop with the session's
     * configuration, never by TensorFlow. User names, passwords and whatever stands behind a question mark are in no message.
     *
     * <p>The model is held to the standard policy and what {@value TensorFramesOptions#ALLOW_OPS} allows beyond it, unless the
     * loader is given another.
     *
     * <pre>{@code
     * Program iris = Models.at(spark, "s3a://models/iris").savedModel();
     * }</pre>
     *
     * @param uri where the model is, such as {@code hdfs://namenode/models/iris} or {@code file:/models/iris.zip}; without a
     *     scheme it is in the session's default file system
     * @return a loader that reads when it is asked for a program
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     */
    public static ModelLoader at(SparkSession spark, String uri) {
        return Program.load(HadoopFolder.at(spark, uri)).policy(TensorFramesOptions.modelPolicy(spark.sparkContext()));
    }
}
