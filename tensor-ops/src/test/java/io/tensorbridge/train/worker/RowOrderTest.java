package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowOrderTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 9, 1_000})
    void hasEachRowOnce(int rows) {
        assertThat(order(rows, 1, 1, 0))
                .containsExactlyInAnyOrder(IntStream.range(0, rows).toArray());
    }

    @Test
    void isTheSameForASeedAnEpochAndAWorker() {
        assertThat(order(1_000, 3, 2, 1)).isEqualTo(order(1_000, 3, 2, 1));
    }

    @Test
    void isAnotherForEachSeedEpochAndWorker() {
        int[] first = order(1_000, 3, 2, 1);
        assertThat(order(1_000, 4, 2, 1)).isNotEqualTo(first);
        assertThat(order(1_000, 3, 3, 1)).isNotEqualTo(first);
        assertThat(order(1_000, 3, 2, 0)).isNotEqualTo(first);
    }

    @Test
    void doesNotDependOnTheEpochBefore() {
        RowOrder order = RowOrder.of(100);
        order.shuffle(5, 1, 0);
        order.shuffle(5, 2, 0);
        assertThat(rows(order, 100)).isEqualTo(order(100, 5, 2, 0));
    }

    @Test
    void putsEachRowAnywhere() {
        int[] counts = new int[4];
        for (int epoch = 1; epoch <= 4_000; epoch++) {
            for (int place = 0; place < 4; place++) {
                counts[place] += order(4, 9, epoch, 0)[place] == 0 ? 1 : 0;
            }
        }
        for (int count : counts) {
            assertThat(count).isBetween(850, 1_150); // 1,000 is expected, with a deviation of 27
        }
    }

    @Test
    void refusesMoreRowsThanAWorkerCanHave() {
        assertThatThrownBy(() -> RowOrder.of(2_147_483_640L))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cannot train on 2147483640 rows of one worker: expected 2147483639 at most. Use more workers(…)");
    }

    private static int[] order(int rows, long seed, int epoch, int rank) {
        RowOrder order = RowOrder.of(rows);
        order.shuffle(seed, epoch, rank);
        return rows(order, rows);
    }

    private static int[] rows(RowOrder order, int rows) {
        return IntStream.range(0, rows).map(order::at).toArray();
    }
}
