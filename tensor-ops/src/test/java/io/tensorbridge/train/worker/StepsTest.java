package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StepsTest {

    static Stream<List<Long>> rowsOfWorkers() {
        return Stream.of(
                List.of(1L),
                List.of(7L),
                List.of(64L, 64L),
                List.of(100L, 1L),
                List.of(0L, 5L),
                List.of(1L, 0L, 0L),
                List.of(33L, 17L, 0L, 1L),
                List.of(1_000L, 999L, 998L));
    }

    @ParameterizedTest
    @MethodSource("rowsOfWorkers")
    void takeEveryRowOfEveryWorkerOnce(List<Long> rowsOf) {
        for (int batchRows : List.of(1, 2, 7, 16, 64, 5_000)) {
            Steps steps = Steps.of(rowsOf, batchRows);
            long all = 0;
            for (long step = 0; step < steps.count(); step++) {
                all += steps.rowsIn(step);
            }
            assertThat(all).isEqualTo(steps.rows());
            for (int rank = 0; rank < rowsOf.size(); rank++) {
                assertThat(steps.from(rank, 0)).isZero();
                assertThat(steps.from(rank, steps.count())).isEqualTo(rowsOf.get(rank));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rowsOfWorkers")
    void areNeverLargerThanABatchNorWithoutARow(List<Long> rowsOf) {
        for (int batchRows : List.of(1, 2, 7, 16, 64, 5_000)) {
            Steps steps = Steps.of(rowsOf, batchRows);
            for (long step = 0; step < steps.count(); step++) {
                assertThat(steps.rowsIn(step)).isPositive();
                for (int rank = 0; rank < rowsOf.size(); rank++) {
                    assertThat(steps.from(rank, step + 1) - steps.from(rank, step))
                            .isBetween(0L, (long) batchRows);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rowsOfWorkers")
    void differByOneRowAtMost(List<Long> rowsOf) {
        Steps steps = Steps.of(rowsOf, 7);
        for (int rank = 0; rank < rowsOf.size(); rank++) {
            List<Long> sizes = new ArrayList<>();
            for (long step = 0; step < steps.count(); step++) {
                sizes.add(steps.from(rank, step + 1) - steps.from(rank, step));
            }
            sizes.sort(null);
            assertThat(sizes.get(sizes.size() - 1) - sizes.get(0)).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void areAsManyAsTheWorkerWithTheMostRowsNeeds() {
        assertThat(Steps.of(List.of(10L, 65L), 32).count()).isEqualTo(3);
        assertThat(Steps.of(List.of(64L, 10L), 32).count()).isEqualTo(2);
        assertThat(Steps.of(List.of(1L), 32).count()).isEqualTo(1);
    }

    @Test
    void areNoneWithoutRows() {
        Steps steps = Steps.of(List.of(0L, 0L), 32);
        assertThat(steps.count()).isZero();
        assertThat(steps.rows()).isZero();
    }

    @Test
    void doNotOverflowWithTheMostRowsThatAWorkerCanHave() {
        Steps steps = Steps.of(List.of(RowOrder.MOST_ROWS, 3L), 1);
        assertThat(steps.count()).isEqualTo(RowOrder.MOST_ROWS);
        assertThat(steps.from(0, steps.count())).isEqualTo(RowOrder.MOST_ROWS);
        assertThat(steps.from(1, steps.count())).isEqualTo(3);
        assertThat(steps.from(1, steps.count() - 1)).isEqualTo(2);
    }
}
