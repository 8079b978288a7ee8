package io.tensorbridge.train.worker;

import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.tensor.TrainingSession.Fed;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.proto.DataType;

/** Runs what saves variables to files and restores them. Belongs to one thread. */
final class VariableFiles {

    private final TrainingSession session;
    private final List<Fed> feeds;
    private final Map<String, TrainingSession.Run> runs = new HashMap<>();

    /**
     * @param file the placeholder of the prefix of the files
     */
    VariableFiles(TrainingSession session, String file) {
        this.session = session;
        feeds = List.of(new Fed(file, DataType.DT_STRING));
    }

    void run(String target, Path prefix) {
        TrainingSession.Run run = runs.computeIfAbsent(target, name -> session.prepare(feeds, /* fetch= */ null, name));
        run.feed(0, prefix.toString());
        run.run();
    }
}
