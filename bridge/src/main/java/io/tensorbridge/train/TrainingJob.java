package io.tensorbridge.train;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.train.SliceKey.Kind;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.TrainingSettings;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.util.List;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Trains once: checks what can be known, spreads the rows, and runs the barrier stage. */
final class TrainingJob {

    private static final ClassTag<TaskResult> RESULTS = ClassTag$.MODULE$.apply(TaskResult.class);

    private final TrainingProgram program;
    private final Packing packing;
    private final MapBlocks binding;
    private final TrainerOptions options;
    private final Dataset<?> df;
    private final JavaSparkContext context;

    TrainingJob(TrainingProgram program, Packing packing, MapBlocks binding, TrainerOptions options, Dataset<?> df) {
        this.program = program;
        this.packing = packing;
        this.binding = binding;
        this.options = options;
        this.df = df;
        SparkSession spark = df.sparkSession();
        context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    TrainedProgram run() {
        int threads = context.getConf().getInt("spark.task.cpus", 1);
        TrainingSettings settings = options.settings(program, threads);
        int workers = Slots.workers(context.sc(), options.workers);
        JavaRDD<scala.Tuple2<SliceKey, Slice>> slices = slices(df, Kind.TRAINING, options.validationSplit, workers);
        if (options.validation.isPresent()) {
            slices = slices.union(slices(options.validation.get(), Kind.VALIDATION, 0, workers));
        }
        Broadcast<TrainingProgram> shipped = context.broadcast(program);
        try {
            var stage = new TrainingStage(shipped, settings, packing.cellBytes(), options.heapMiB);
            List<TaskResult> results = JavaPairRDD.fromJavaRDD(slices)
                    .repartitionAndSortWithinPartitions(new WorkerPartitioner(workers))
                    .rdd()
                    .barrier()
                    .mapPartitions(stage, /* preservesPartitioning= */ false, RESULTS)
                    .toJavaRDD()
                    .collect();
            return trained(results);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) { // Scala does not say that it throws a SparkException
            throw cause(e);
        } finally {
            shipped.destroy();
        }
    }

    private JavaRDD<scala.Tuple2<SliceKey, Slice>> slices(Dataset<?> rows, Kind kind, double validation, int workers) {
        return binding.apply(rows)
                .toJavaRDD()
                .mapPartitionsWithIndex(
                        new Slicing(workers, packing.cellBytes(), packing.ranges(), kind, validation, options.seed),
                        /* preservesPartitioning= */ false);
    }

    private TrainedProgram trained(List<TaskResult> results) {
        for (TaskResult result : results) {
            if (result.end() instanceof Failed failure) {
                throw new TrainingException(failure.message());
            }
        }
        TaskResult first = results.get(0);
        return new TrainedProgram(program, (Finished) first.end(), first.files(), results.size());
    }

    private static RuntimeException cause(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof TrainingException known) {
                return new TrainingException(String.valueOf(known.getMessage()), e);
            }
        }
        return e instanceof SparkException
                ? new TrainingException(String.valueOf(e.getMessage()), e)
                : new IllegalStateException(e);
    }
}
