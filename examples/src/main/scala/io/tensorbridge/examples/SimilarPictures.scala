package io.tensorbridge.examples

import org.apache.spark.sql.SparkSession

/** Which pictures look alike? */
object SimilarPictures {

  def main(args: Array[String]): Unit = {
    val spark = SparkSession
      .builder()
      .master("local[*]")
      .appName("SimilarPictures")
      .config("spark.ui.enabled", "false")
      .getOrCreate()
    try run(spark)
    finally spark.stop()
  }

  private[examples] def run(spark: SparkSession): Unit = {
    println(FashionPictures.read(spark, 0, 10).count())
  }
}
