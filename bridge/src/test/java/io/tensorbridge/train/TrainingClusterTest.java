package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.ClusterDriver;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training on real executors, one of which is killed; see {@link TrainingClusterFaults}. */
class TrainingClusterTest {

    private static final int MOST_SECONDS = 400;

    private static final Map<String, String> RESULTS = new HashMap<>();

    @BeforeAll
    static void run(@TempDir Path sparkHome) throws Exception {
        RESULTS.putAll(ClusterDriver.run(TrainingClusterFaults.class, sparkHome, MOST_SECONDS));
    }

    @ParameterizedTest
    @EnumSource(TrainingClusterFaults.Moment.class)
    void givesTheSameLossWhenAnExecutorIsKilled(TrainingClusterFaults.Moment moment) {
        assertThat(RESULTS).containsEntry(moment.name(), "same, 0 workers left");
    }
}
