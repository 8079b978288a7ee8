package io.tensorbridge.internal.run;

import io.tensorbridge.model.internal.FileContents;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.tensor.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Function;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.reflect.ClassTag;

/**
 * Ships a program to the executors once, however many jobs run it: on the driver.
 *
 * <p>A program stays with the executors as long as somebody on the driver holds it or one that is equal, or a job runs it;
 * then Spark's own cleaner removes it. So it does when the context stops. Safe for use by several threads.
 */
final class ProgramBroadcasts {

    // What is shipped must be no one's program: the driver's block manager holds it as long as the broadcast lives,
    // and the broadcast would live as long as the program.
    private static final Map<SparkContext, Map<Program, Shipment>> SHIPPED = new WeakHashMap<>();

    private static final int PIECE_BYTES = 16 << 20;
    private static final Cleaner CLEANER = Cleaner.create();

    private ProgramBroadcasts() {}

    /** Returns the program as a broadcast of this context. */
    static synchronized Broadcast<Program> of(SparkContext context, Program program) {
        removeUnheld();
        return SHIPPED.computeIfAbsent(context, any -> new HashMap<>())
                .computeIfAbsent(program.named(program.name()), copy -> Shipment.of(context, copy))
                .heldBy(program);
    }

    private static synchronized void removeUnheld() {
        SHIPPED.keySet().removeIf(SparkContext::isStopped);
        SHIPPED.values().forEach(shipments -> shipments.values().removeIf(Shipment::isUnheld));
    }

    /**
     * A program that was shipped, and for whose sake.
     *
     * @param broadcast the program
     * @param holders the equal programs that jobs were asked to run
     */
    private record Shipment(Broadcast<Program> broadcast, List<WeakReference<Program>> holders) {

        static Shipment of(SparkContext context, Program program) {
            var longFiles = new LongFiles(context);
            Broadcast<Program> broadcast =
                    JavaSparkContext.fromSparkContext(context).broadcast(program.movedBy(longFiles::move));
            // the cleaner holds long files as long as a job holds the broadcast that speaks of them, and no longer
            List<Object> held = longFiles.held;
            CLEANER.register(broadcast, held::clear);
            return new Shipment(broadcast, new ArrayList<>());
        }

        Broadcast<Program> heldBy(Program program) {
            holders.removeIf(holder -> holder.refersTo(null));
            if (holders.stream().noneMatch(holder -> holder.refersTo(program))) {
                holders.add(new WeakReference<>(program));
                CLEANER.register(program, ProgramBroadcasts::removeUnheld);
            }
            return broadcast;
        }

        boolean isUnheld() {
            return holders.stream().allMatch(holder -> holder.refersTo(null));
        }
    }

    /** Ships long files apart from the program, in pieces; where driver and executor are one, they stay where they are. */
    private static final class LongFiles {

        private final SparkContext context;
        private final List<Object> held = new ArrayList<>(); // what must live as long as the broadcast of the program

        LongFiles(SparkContext context) {
            this.context = context;
        }

        ModelFiles move(ModelFiles files) {
            if (files.paths().stream().allMatch(path -> files.length(path) <= ModelFiles.MOST_IN_MEMORY)) {
                return files;
            }
            if (context.isLocal()) {
                held.add(files);
                long id = HeldContents.idOf(files);
                return moved(files, path -> new HeldContents(id, path));
            }
            return moved(files, path -> ship(path, files.contents(path)));
        }

        private static ModelFiles moved(ModelFiles files, Function<String, FileContents> move) {
            return files.movedBy(
                    (path, contents) -> files.length(path) <= ModelFiles.MOST_IN_MEMORY ? contents : move.apply(path));
        }

        private FileContents ship(String path, FileContents contents) {
            try {
                BroadcastContents shipped = BroadcastContents.of(contents, PIECE_BYTES, this::broadcast);
                held.addAll(shipped.pieces());
                return shipped;
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot ship file '%s' of a program".formatted(path), e);
            }
        }

        /** Ships bytes that this process keeps in no other form: the driver has the file. */
        private Broadcast<byte[]> broadcast(byte[] piece) {
            return context.broadcastInternal(piece, /* serializedOnly= */ true, ClassTag.apply(byte[].class));
        }
    }
}
