package io.tensorbridge.examples

import io.tensorbridge.TensorFrames.{outputs, placeholder}
import io.tensorbridge.image.PixelScaling
import io.tensorbridge.ml.ImageFeaturizer
import io.tensorbridge.tensor.Program
import org.apache.spark.ml.linalg.Vector
import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._
import org.tensorflow.ndarray.Shape
import org.tensorflow.op.core.Sum
import org.tensorflow.types.TFloat32

/** Which pictures look alike? Makes features of length one of pictures, and finds those that point the same way. */
object SimilarPictures {

  def main(args: Array[String]): Unit = {
    val spark = SparkSession
      .builder()
      .master("local[*]")
      .appName("SimilarPictures")
      .config("spark.ui.enabled", "false")
      .getOrCreate()
    try run(spark, among = 1000, queries = 5)
    finally spark.stop()
  }

  def run(spark: SparkSession, among: Int, queries: Int): Unit = {
    import spark.implicits._

    // region similar
    val mobilenet = Program.fromSavedModel(ExampleFiles.data("mobilenet_v2_block13"))
    val unit = Program.build { tf =>
      val features = placeholder(tf, "features", classOf[TFloat32], Shape.of(-1, 576))
      val squares = tf.sum(tf.math.square(features), tf.constant(1), Sum.keepDims(true))
      outputs("direction", tf.math.mul(features, tf.math.rsqrt(squares)))
    }
    val featurizer = new ImageFeaturizer()
      .setProgram(mobilenet.`then`(unit))
      .setSize(96, 96)
      .setScaling(PixelScaling.UNIT)
      .setInputCol("image")
      .setOutputCol("direction")
    val pictures = featurizer
      .transform(FashionPictures.read(spark, 0, among + queries))
      .select($"image.origin".as("picture"), $"label", $"direction")
      .cache()
    // endregion

    val cosine = udf((one: Vector, other: Vector) => one.dot(other))
    val asked = pictures.as("asked").filter(number($"picture") >= among)
    val found = pictures.as("found").filter(number($"picture") < among)
    val closeness = cosine($"asked.direction", $"found.direction")
    val best = Window.partitionBy($"asked.picture").orderBy(closeness.desc)
    asked
      .crossJoin(found)
      .withColumn("rank", row_number().over(best))
      .filter($"rank" === 1)
      .select(number($"asked.picture"), $"asked.label", number($"found.picture"), $"found.label")
      .as[(Int, Int, Int, Int)]
      .collect()
      .sorted
      .foreach { case (one, label, other, guess) =>
        println(s"$one, ${FashionPictures.CLASSES.get(label)}: like $other, ${FashionPictures.CLASSES.get(guess)}")
      }
    pictures.unpersist()
  }

  private def number(picture: Column) = substring_index(picture, "/", -1).cast("int")
}
