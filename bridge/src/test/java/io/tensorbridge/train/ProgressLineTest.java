package io.tensorbridge.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.tensorbridge.train.ProgressLine.Form;
import io.tensorbridge.train.TrainingListener.Ending;
import io.tensorbridge.train.TrainingListener.Start;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {

    private static final Start START = new Start("ab12", List.of("accuracy"), 2, 3, 32, "");

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(written, /* autoFlush= */ false, StandardCharsets.UTF_8);
    private long nanos = 17;

    @Test
    void writesLinesOfTheirOwn() {
        ProgressLine line = plain();
        line.begin(START);
        after(2);
        line.progress(step(1, 1, 64));
        after(3);
        line.progress(step(1, 50, 3200));
        line.epoch(epoch(1, Map.of()), ByteString.EMPTY);
        after(10);
        line.progress(step(2, 151, 9664));
        after(35);
        line.epoch(epoch(2, Map.of("loss", 0.5)), ByteString.EMPTY);
        line.end(Ending.NO_BETTER);
        assertThat(lines())
                .containsExactly(
                        "training with 2 workers, 3 epochs at most",
                        "epoch 1/3  step 100  loss 0.7500  accuracy 0.6250  1280 rows/s",
                        "epoch 2/3  step 151/300  loss 0.2500  accuracy 0.8750  738 rows/s  13 s left",
                        "epoch 2/3  step 200  loss 0.7500  accuracy 0.6250  validation loss 0.5000  1280 rows/s",
                        "stopped after epoch 2, as nothing got better, in 50 s");
    }

    @Test
    void movesOneLine() {
        ProgressLine line = moving(100);
        line.begin(START);
        line.progress(step(1, 1, 64));
        after(120);
        line.progress(step(2, 101, 6464));
        line.epoch(epoch(2, Map.of("accuracy", 0.5)), ByteString.EMPTY);
        after(10);
        line.progress(step(3, 201, 12864));
        line.end(Ending.ALL_EPOCHS);
        assertThat(text())
                .isEqualTo(String.join(
                                "",
                                "\rtraining with 2 workers, 3 epochs at most\u001b[K",
                                "\repoch 1/3  step 1/300  loss 0.2500  accuracy 0.8750\u001b[K",
                                "\repoch 2/3  step 101/300  loss 0.2500  accuracy 0.8750  53 rows/s  3 min 59 s left\u001b[K",
                                "\repoch 3/3  step 201/300  loss 0.2500  accuracy 0.8750  98 rows/s  1 min 04 s left\u001b[K",
                                "\rtrained 2 epochs in 2 min 10 s  loss 0.7500  accuracy 0.6250  validation accuracy 0.5000\u001b[K")
                        + System.lineSeparator());
    }

    @Test
    void leavesOutNumbersThatTheTerminalHasNoRoomFor() {
        ProgressLine line = moving(70);
        line.begin(START);
        line.progress(step(1, 1, 64));
        after(1);
        line.progress(step(1, 2, 128));
        assertThat(text()).endsWith("\repoch 1/3  step 2/300  loss 0.2500  64 rows/s  4 min 58 s left\u001b[K");
    }

    @Test
    void neverFillsTheTerminal() {
        ProgressLine line = moving(20);
        line.begin(START);
        line.progress(step(1, 1, 64));
        assertThat(text()).isEqualTo("\rtraining with 2 wor\u001b[K\repoch 1/3  step 1/3\u001b[K");
    }

    @Test
    void countsThePaceFromTheCheckpointThatItWentBackTo() {
        ProgressLine line = moving(100);
        line.begin(START);
        line.progress(step(1, 1, 64));
        after(1);
        line.progress(step(1, 100, 6400));
        after(600); // another try of the stage
        line.progress(step(1, 51, 64));
        assertThat(text()).endsWith("\repoch 1/3  step 51/300  loss 0.2500  accuracy 0.8750\u001b[K");
        after(10);
        line.progress(step(1, 151, 6464));
        assertThat(text())
                .endsWith("\repoch 1/3  step 151/300  loss 0.2500  accuracy 0.8750  640 rows/s  15 s left\u001b[K");
    }

    @Test
    void saysThatItFailed() {
        ProgressLine line = plain();
        line.begin(new Start("ab12", List.of(), 1, 1, 32, ""));
        after(4000);
        line.progress(new Progress(1, 7, 10, Double.NaN, List.of(), 0.1, 64));
        line.end(Ending.FAILED);
        assertThat(lines())
                .containsExactly(
                        "training with 1 worker, 1 epoch at most",
                        "epoch 1/1  step 7/10  loss NaN",
                        "failed after step 7, in 1 h 06 min");
    }

    @ParameterizedTest
    @CsvSource({"0, 0.0000", "12345.678, 12345.6780", "100000, 1.000e+05", "0.0009, 9.000e-04", "-2.5, -2.5000"})
    void showsNumbersOfEverySize(double loss, String shown) {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY); // has commas in its numbers
        try {
            ProgressLine line = moving(100);
            line.begin(new Start("ab12", List.of(), 1, 1, 32, ""));
            line.progress(new Progress(1, 1, 2, loss, List.of(), 0.1, 64));
        } finally {
            Locale.setDefault(before);
        }
        assertThat(text()).endsWith("\repoch 1/1  step 1/2  loss " + shown + "\u001b[K");
    }

    private ProgressLine plain() {
        return new ProgressLine(out, Form.PLAIN, Integer.MAX_VALUE, () -> nanos);
    }

    private ProgressLine moving(int width) {
        return new ProgressLine(out, Form.MOVING, width, () -> nanos);
    }

    private void after(int seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }

    private static Progress step(int epoch, long step, long rows) {
        return new Progress(epoch, step, 300, 0.25, List.of(0.875), 0.1, rows);
    }

    private static EpochResult epoch(int epoch, Map<String, Double> validation) {
        return new EpochResult(epoch, epoch * 100L, 0.75, Map.of("accuracy", 0.625), validation, 0.1, 5, 6400);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    private List<String> lines() {
        return text().lines().toList();
    }
}
