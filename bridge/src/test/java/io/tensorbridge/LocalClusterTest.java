package io.tensorbridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Faults on real executors: a cluster of two on this machine, driven by a process of its own; see {@link ClusterFaults}. */
class LocalClusterTest {

    private static final int MOST_SECONDS = 480;
    private static final List<Surrounded> OPERATIONS = ClusterFaults.OPERATIONS;

    private static final Map<String, String> RESULTS = new HashMap<>();

    @BeforeAll
    static void run(@TempDir Path sparkHome) throws Exception {
        RESULTS.putAll(ClusterDriver.run(ClusterFaults.class, sparkHome, MOST_SECONDS));
    }

    static List<Arguments> faults() {
        List<Arguments> faults = new ArrayList<>();
        for (ClusterFaults.Fault fault : ClusterFaults.Fault.values()) {
            OPERATIONS.forEach(operation -> faults.add(Arguments.of(fault, operation)));
        }
        return faults;
    }

    @ParameterizedTest
    @MethodSource("faults")
    void losesNoRowAndGivesNoneTwice(ClusterFaults.Fault fault, Surrounded operation) {
        assertThat(RESULTS).containsEntry(fault + " " + operation, "exact");
    }

    @ParameterizedTest
    @FieldSource("OPERATIONS")
    void saysAfterFourTriesWhatTheFirstCauseWas(Surrounded operation) {
        assertThat(RESULTS.get("A_BAD_ROW " + operation)).contains("failed 4 times", "row 305 is bad");
    }

    @Test
    void saysAfterFourTriesWhichProgramFailed() {
        assertThat(RESULTS.get("A_BAD_PROGRAM"))
                .contains("failed 4 times", "ProgramException: Program 'pairs' failed on block 0 of partition ");
    }

    @Test
    void runsAModelOfSeveralPieces() {
        assertThat(RESULTS).containsEntry("A_LONG_MODEL", "exact");
    }

    @Test
    void refusesAModelThatWasChangedOnItsWayToOneExecutor() {
        assertThat(RESULTS.get("A_TAMPERED_MODEL"))
                .isIn("exact, said in 1 attempts", "exact, said in 2 attempts", "exact, said in 3 attempts");
    }

    @Test
    void saysInEveryAttemptWhyTensorFlowDoesNotLoad() {
        assertThat(RESULTS.get("NO_NATIVES"))
                .startsWith("said in 4 attempts / ")
                .contains(
                        "failed 4 times",
                        "Cannot load TensorFlow: expected a directory that can be made where TensorFlow's natives are to be unpacked, found ");
    }
}
