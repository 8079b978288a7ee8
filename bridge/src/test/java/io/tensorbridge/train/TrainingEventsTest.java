package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.SparkExtension;
import io.tensorbridge.train.worker.WorkerEvent;
import io.tensorbridge.train.worker.WorkerEvent.Failed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class TrainingEventsTest {

    private static final int EVENTS = 500;

    private static WorkerEvent step(long step) {
        return new WorkerEvent.Progress(1, step, EVENTS, 0.5, List.of(0.25), 0.1, step);
    }

    private static void sendFromTasks(SparkSession spark, TrainingEvents.Sender sender) {
        new JavaSparkContext(spark.sparkContext()).parallelize(List.of(1, 2), 2).foreach(ignored -> {
            for (int i = 0; i < EVENTS; i++) {
                sender.send(TaskContext.getPartitionId(), step(i));
            }
        });
    }

    @Test
    void handsOnWhatEachWorkerSaysInItsOrderOnOneThread(SparkSession spark) {
        Map<Integer, List<WorkerEvent>> heard = new ConcurrentHashMap<>();
        Set<Thread> threads = Collections.synchronizedSet(new java.util.HashSet<>());
        try (var events = TrainingEvents.listen((rank, event) -> {
            threads.add(Thread.currentThread());
            heard.computeIfAbsent(rank, key -> new ArrayList<>()).add(event);
        })) {
            sendFromTasks(spark, events.sender());
        }
        List<WorkerEvent> expected =
                LongStream.range(0, EVENTS).mapToObj(TrainingEventsTest::step).toList();
        assertThat(heard).isEqualTo(Map.of(0, expected, 1, expected));
        assertThat(threads).hasSize(1);
    }

    @Test
    void goesOnWhenAListenerThrows() {
        List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
        try (var events = TrainingEvents.listen((rank, event) -> {
            heard.add(rank);
            throw new IllegalStateException("of the listener");
        })) {
            for (int rank = 0; rank < 3; rank++) {
                events.sender().send(rank, new WorkerEvent.Ready());
            }
        }
        assertThat(heard).containsExactly(0, 1, 2);
    }

    @Test
    void leavesNoThreadAndHearsNothingMoreWhenClosed() throws InterruptedException {
        List<WorkerEvent> heard = Collections.synchronizedList(new ArrayList<>());
        var events = TrainingEvents.listen((rank, event) -> heard.add(event));
        WorkerEvent failed = new Failed(Failed.Kind.MACHINE, 7, "no room");
        events.sender().send(0, failed);
        events.close();
        events.sender().send(0, new WorkerEvent.Ready());

        assertThat(heard).containsExactly(failed);
        long end = System.nanoTime() + 5_000_000_000L; // the thread that said it ends is at its end
        while (hasThread() && System.nanoTime() < end) {
            Thread.sleep(10);
        }
        assertThat(hasThread()).isFalse();
    }

    private static boolean hasThread() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().contains("tensorbridge-training-"));
    }

    @Test
    void trainingGoesOnWhenNobodyListens(SparkSession spark) {
        TrainingEvents.Sender sender;
        try (var events = TrainingEvents.listen((rank, event) -> {})) {
            sender = events.sender();
        }
        sendFromTasks(spark, sender); // fails if a sender does
        assertThat(SparkEnv.get().rpcEnv()).isNotNull();
    }

    @Test
    void closingWaitsUntilAllHasBeenHandedOn() {
        var slow = new CountDownLatch(1);
        List<Integer> heard = Collections.synchronizedList(new ArrayList<>());
        var events = TrainingEvents.listen((rank, event) -> {
            try {
                slow.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            heard.add(rank);
        });
        for (int rank = 0; rank < 5; rank++) {
            events.sender().send(rank, new WorkerEvent.Ready());
        }
        slow.countDown();
        events.close();
        assertThat(heard).containsExactly(0, 1, 2, 3, 4);
    }
}
