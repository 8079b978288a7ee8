package io.tensorbridge.train;

import io.tensorbridge.MapBlocks;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import io.tensorbridge.train.SliceKey.Kind;
import io.tensorbridge.train.TrainingListener.Ending;
import io.tensorbridge.train.graph.TrainedPrograms;
import io.tensorbridge.train.graph.TrainingProgram;
import io.tensorbridge.train.worker.Checkpoint;
import io.tensorbridge.train.worker.TrainingSettings;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import io.tensorbridge.train.worker.WorkerEvent.Finished;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import org.apache.spark.rdd.ShuffledRDD;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.BinaryType;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;
import scala.Tuple2;
import scala.math.Ordering$;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Trains once: checks what can be known, spreads the rows, and runs the barrier stage. */
final class TrainingJob {

    private final TrainingProgram program;
    private final Packing packing;
    private final MapBlocks binding;
    private final TrainerOptions options;
    private final Dataset<?> df;
    private final JavaSparkContext context;
    private boolean interrupted;

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
        JavaRDD<Tuple2<SliceKey, Slice>> slices = slices(df, Kind.TRAINING, options.validationSplit, workers);
        if (options.validation.isPresent()) {
            slices = slices.union(slices(options.validation.get(), Kind.VALIDATION, 0, workers));
        }
        CheckpointStore checkpoints = checkpoints(settings);
        var watching = new Watching(options.listeners);
        watching.begin(new TrainingListener.Start(
                program.sha256(),
                program.metrics(),
                workers,
                options.epochs,
                options.batchRows,
                settings.rule().describe()));
        Ending ending = Ending.FAILED;
        try {
            TrainedProgram trained = train(slices, settings, workers, checkpoints, watching);
            watching.check();
            ending = trained.reason() == Finished.Reason.ALL_EPOCHS ? Ending.ALL_EPOCHS : Ending.NO_BETTER;
            return trained;
        } finally {
            watching.end(ending);
            if (interrupted) { // not before, since Spark would not end what it began
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns where checkpoints are kept, if they are, and if what is there is of this training. */
    private @Nullable CheckpointStore checkpoints(TrainingSettings settings) {
        if (options.checkpoints.isEmpty()) {
            return null;
        }
        CheckpointStore store = CheckpointStore.at(
                options.checkpoints, df.sparkSession().sessionState().newHadoopConf());
        store.prepare();
        try {
            Optional<String> newest = store.newest();
            if (newest.isPresent()) {
                try (TaskDirectory directory = TaskDirectory.create()) {
                    Path local = directory.path().resolve("checkpoint");
                    store.fetch(newest.get(), local);
                    Checkpoint.read(local)
                            .check(store.location() + "/" + newest.get(), program, settings, /* rowsOf= */ List.of());
                }
            }
            return store;
        } catch (IOException e) {
            throw new TrainingException(String.valueOf(e.getMessage()), e);
        }
    }

    private TrainedProgram train(
            JavaRDD<Tuple2<SliceKey, Slice>> slices,
            TrainingSettings settings,
            int workers,
            @Nullable CheckpointStore checkpoints,
            Watching watching) {
        Broadcast<byte[]> shipped = context.broadcast(Serialized.encode(program));
        try (TrainingEvents events = TrainingEvents.listen(watching)) {
            var stage = new TrainingStage(
                    shipped,
                    settings,
                    packing.cellBytes(),
                    options.heapMiB,
                    checkpoints,
                    events.sender(),
                    TrainingCounts.in(context.sc()));
            return trained(results(spread(slices, workers), stage));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot take what was trained (%s)".formatted(e.getMessage()), e);
        } finally {
            shipped.destroy();
        }
    }

    /** Brings slices to their workers, in the order of their keys. */
    private RDD<Tuple2<SliceKey, Slice>> spread(JavaRDD<Tuple2<SliceKey, Slice>> slices, int workers) {
        return new ShuffledRDD<SliceKey, Slice, Slice>(
                        slices.rdd(), new WorkerPartitioner(workers), tag(), tag(), tag())
                .setSerializer(new JavaSerializer(context.getConf()))
                .setKeyOrdering(Ordering$.MODULE$.comparatorToOrdering(Comparator.<SliceKey>naturalOrder()));
    }

    /** Runs the stage; nothing of it goes on when this has failed. */
    private List<TaskResult> results(RDD<Tuple2<SliceKey, Slice>> spread, TrainingStage stage) {
        SparkContext spark = context.sc();
        String tag = "tensorbridge-training-" + UUID.randomUUID();
        spark.addJobTag(tag);
        boolean done = false;
        try {
            JavaRDD<Tuple2<Integer, byte[]>> trained = spread.barrier()
                    .mapPartitions(
                            stage, /* preservesPartitioning= */ false, TrainingJob.<Tuple2<Integer, byte[]>>tag())
                    .toJavaRDD();
            // Spark does not restart a barrier stage whose results a job takes, but one whose results are shuffled
            List<byte[]> results = JavaPairRDD.fromJavaRDD(trained)
                    .partitionBy(new HashPartitioner(1))
                    .values()
                    .collect();
            done = true;
            return results.stream()
                    .map(result -> Serialized.decode(result, TaskResult.class))
                    .sorted(Comparator.comparingInt(TaskResult::rank))
                    .toList();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) { // Scala does not say that it throws a SparkException, or that it was interrupted
            interrupted = e instanceof InterruptedException;
            throw cause(e);
        } finally {
            if (!done) {
                spark.cancelJobsWithTag(tag);
            }
            spark.removeJobTag(tag);
        }
    }

    @SuppressWarnings("unchecked") // as of Java's own pairs, whose classes Spark does not know either
    private static <T> ClassTag<T> tag() {
        return (ClassTag<T>) ClassTag$.MODULE$.AnyRef();
    }

    private JavaRDD<Tuple2<SliceKey, Slice>> slices(Dataset<?> rows, Kind kind, double validation, int workers) {
        return shaped(rows)
                .apply(rows)
                .toJavaRDD()
                .mapPartitionsWithIndex(
                        new Slicing(
                                workers,
                                packing.cellBytes(),
                                packing.ranges(),
                                new HashMap<>(options.columns),
                                kind,
                                validation,
                                options.seed),
                        /* preservesPartitioning= */ false);
    }

    /** Gives binaries the shape of the inputs that they feed, which is always known. */
    private MapBlocks shaped(Dataset<?> rows) {
        MapBlocks shaped = binding;
        for (TensorSpec input : program.inputs()) {
            String column = options.columns.getOrDefault(input.name(), input.name());
            boolean binary = Stream.of(rows.schema().fields())
                    .anyMatch(field -> field.name().equals(column) && field.dataType() instanceof BinaryType);
            if (binary && input.elementType() == DataType.DT_UINT8 && !options.shaped.contains(column)) {
                shaped = shaped.shape(column, input.cellShape().asArray());
            }
        }
        return shaped;
    }

    private TrainedProgram trained(List<TaskResult> results) throws IOException {
        for (TaskResult result : results) {
            if (result.end() instanceof Failed failure) {
                throw new TrainingException(failure.message());
            }
        }
        TaskResult first = results.get(0);
        try (TaskDirectory directory = TaskDirectory.create()) {
            for (var file : first.files().entrySet()) {
                Files.write(directory.path().resolve(file.getKey()), file.getValue());
            }
            return new TrainedProgram(
                    program, (Finished) first.end(), TrainedPrograms.values(directory.path()), results.size());
        }
    }

    private static RuntimeException cause(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof TrainingException
                    || cause instanceof SignatureMismatchException
                    || cause instanceof ProgramException) {
                return new TrainingException(String.valueOf(cause.getMessage()), e);
            }
        }
        return e instanceof SparkException
                ? new TrainingException(String.valueOf(e.getMessage()), e)
                : new IllegalStateException(e);
    }
}
