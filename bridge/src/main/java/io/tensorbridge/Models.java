package io.tensorbridge;

import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.tensor.ModelLoader;
import io.tensorbridge.tensor.Program;
import org.apache.spark.sql.SparkSession;

/** Models and saved programs where Spark's data are: in any file system that Hadoop has. */
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
        return Program.load(folder(spark, uri)).policy(TensorFramesOptions.modelPolicy(spark.sparkContext()));
    }

    /**
     * Returns the files of a directory, a zip archive, or one file, for the driver to read as {@link #at} does.
     *
     * @param uri as for {@link #at}
     * @return files that are looked for when they are asked for
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     */
    public static ModelFolder folder(SparkSession spark, String uri) {
        return HadoopFolder.at(spark, uri);
    }

    /**
     * Saves a program in a directory of its own, for {@code Models.at(spark, uri).program()}.
     *
     * <p>It is written beside its place, by the driver, and then moved there: what is read at {@code uri} is whole, or refused.
     * Of two that save to one place at once, one is told that the other did. Where the file system moves directories file by file,
     * as object stores do, a program that is being moved is refused by who reads it.
     *
     * @param uri where to save it, such as {@code s3a://models/iris}; there must be nothing yet, or an empty directory
     * @return the SHA-256 to pin what was saved with, see {@link ModelLoader#sha256}
     * @throws IllegalArgumentException if that is no URI, or Hadoop has no file system for its scheme
     * @throws io.tensorbridge.tensor.ProgramException if there is something already, or the file system does not take the files
     */
    public static String save(SparkSession spark, Program program, String uri) {
        return HadoopSave.of(spark, program, uri).toNewPlace();
    }

    /**
     * Saves a program as {@link #save} does, in place of one that was saved there before. That one goes when the new one is
     * written; it is there again if the new one cannot be moved to its place.
     *
     * @param uri where to save it; there must be a saved program with no other files beside its own, an empty directory, or
     *     nothing: nothing else is removed
     */
    public static String overwrite(SparkSession spark, Program program, String uri) {
        return HadoopSave.of(spark, program, uri).inPlaceOfAnother();
    }
}
