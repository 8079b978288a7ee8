package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowFilesTest {

    private static final int WIDE = 12;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1 << 30, 3 * WIDE, WIDE, 5}) // all at once, several rows, one row, less than a row
    void giveBackRowsInAnyOrder(int largestPiece) throws IOException {
        MappedRows rows = MappedRows.of(write(100), largestPiece);
        RowOrder order = RowOrder.of(100);
        order.shuffle(1, 1, 0);
        ByteBuffer wide = buffer(60 * WIDE);
        ByteBuffer numbers = buffer(60 * Long.BYTES);
        rows.gather(0, order, 40, wide);
        rows.gather(1, order, 40, numbers);
        for (int i = 0; i < 60; i++) {
            int row = order.at(40 + i);
            assertThat(numbers.getLong(i * Long.BYTES)).isEqualTo(row);
            for (int j = 0; j < 3; j++) {
                assertThat(wide.getInt(i * WIDE + j * Integer.BYTES)).isEqualTo(row * 3 + j);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1 << 30, 3 * WIDE, WIDE, 5})
    void giveBackRowsAsTheyLie(int largestPiece) throws IOException {
        MappedRows rows = MappedRows.of(write(100), largestPiece);
        ByteBuffer wide = buffer(70 * WIDE);
        ByteBuffer numbers = buffer(70 * Long.BYTES);
        rows.copy(0, 30, wide);
        rows.copy(1, 30, numbers);
        for (int i = 0; i < 70 * 3; i++) {
            assertThat(wide.getInt(i * Integer.BYTES)).isEqualTo(90 + i);
        }
        for (int i = 0; i < 70; i++) {
            assertThat(numbers.getLong(i * Long.BYTES)).isEqualTo(30 + i);
        }
    }

    @Test
    void mayHaveNoRows() throws IOException {
        StoredRows stored = write(0);
        assertThat(stored.rows()).isZero();
        MappedRows.of(stored).copy(0, 0, buffer(0));
    }

    @Test
    void areTheirOwnersAlone() throws IOException {
        StoredRows stored = write(1);
        assertThat(Files.getPosixFilePermissions(Path.of(stored.directory())))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void takeNoPartOfRowsThatDoNotFit() throws IOException {
        try (RowFiles files = RowFiles.create(directory.resolve("rows"), List.of(4, 8))) {
            assertThatThrownBy(() -> files.append(List.of(buffer(8), buffer(8)), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot append rows: expected 2 cells of 8 bytes for input 1, found 8 bytes");
            assertThatThrownBy(() -> files.append(List.of(buffer(8)), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Cannot append rows: expected cells of 2 inputs, found those of 1");
            assertThat(files.rows().rows()).isZero();
        }
        assertThat(Files.size(RowFiles.fileOf(directory.resolve("rows"), 0))).isZero();
    }

    @Test
    void doNotTakeADirectoryThatIsThere() {
        assertThatThrownBy(() -> RowFiles.create(directory, List.of(4))).isInstanceOf(FileAlreadyExistsException.class);
    }

    private StoredRows write(int rows) throws IOException {
        try (RowFiles files = RowFiles.create(directory.resolve("rows"), List.of(WIDE, Long.BYTES))) {
            for (int from = 0; from < rows; from += 30) {
                int count = Math.min(30, rows - from);
                ByteBuffer wide = buffer(count * WIDE);
                ByteBuffer numbers = buffer(count * Long.BYTES);
                IntStream.range(from * 3, (from + count) * 3).forEach(wide::putInt);
                IntStream.range(from, from + count).forEach(numbers::putLong);
                files.append(List.of(wide.flip(), numbers.flip()), count);
            }
            return files.rows();
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }
}
