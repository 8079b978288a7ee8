package io.tensorbridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.ProgramException;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The table of bad inputs: what is said of each, where, and that it says all a user needs.
 *
 * <p>A partition's worth of strings beyond 2 GiB, and a single cell beyond what Arrow counts, take that much memory; their
 * messages are tested below a smaller limit, beside the columns that find them.
 */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class BadInputTest {

    private static final List<BadInput> PASSED = new ArrayList<>();

    private static final List<BadInput> TABLE = Stream.of(
                    BadData.cases(),
                    BadColumns.cases(),
                    BadNames.cases(),
                    BadGraphs.cases(),
                    BadModels.cases(),
                    BadModelFiles.cases(),
                    BadSavedPrograms.cases(),
                    BadCalls.cases(),
                    BadRuns.cases())
            .flatMap(List::stream)
            .toList();

    static List<BadInput> table() {
        return TABLE;
    }

    @ParameterizedTest
    @MethodSource("table")
    void isRefusedOrRight(BadInput input, SparkSession spark) throws Exception {
        int jobs = spark.sparkContext().dagScheduler().numTotalJobs();
        if (input.where() == BadInput.Where.RESULT) {
            input.attempt().run(spark);
        } else {
            Throwable thrown = catchThrowable(() -> input.attempt().run(spark));
            int jobsOfIt = spark.sparkContext().dagScheduler().numTotalJobs() - jobs;
            if (input.where() == BadInput.Where.DRIVER) {
                assertThat(thrown).hasMessage(input.message());
                assertThat(jobsOfIt).isZero();
            } else {
                assertThat(ofTask(thrown)).hasMessage(input.message());
                assertThat(jobsOfIt).isPositive();
            }
            assertThat(input.saysAll()).as(input.message()).isTrue();
        }
        PASSED.add(input);
    }

    /** Returns what the task has thrown, below what Spark says of the job. */
    private static Throwable ofTask(@Nullable Throwable thrown) {
        Throwable cause = thrown;
        while (cause != null
                && !(cause instanceof SignatureMismatchException)
                && !(cause instanceof ProgramException)) {
            cause = cause.getCause();
        }
        return cause == null ? new AssertionError("No failure of a task", thrown) : cause;
    }

    @AfterAll
    static void count() {
        long passed = numbers(TABLE).stream()
                .filter(number -> PASSED.containsAll(ofNumber(TABLE, number)))
                .count();
        System.out.println(String.format(
                Locale.ROOT,
                "bad inputs: %d of %d cases pass, %d of %d messages hold what, where, expected, found and cure",
                passed,
                numbers(TABLE).size(),
                withMessage(PASSED).filter(BadInput::saysAll).count(),
                withMessage(TABLE).count()));
    }

    private static Set<Integer> numbers(List<BadInput> inputs) {
        return inputs.stream().map(BadInput::number).collect(Collectors.toSet());
    }

    private static List<BadInput> ofNumber(List<BadInput> inputs, int number) {
        return inputs.stream().filter(input -> input.number() == number).toList();
    }

    private static Stream<BadInput> withMessage(List<BadInput> inputs) {
        return inputs.stream().filter(input -> input.where() != BadInput.Where.RESULT);
    }
}
