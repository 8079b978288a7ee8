package io.tensorbridge.train;

import com.google.protobuf.ByteString;
import io.tensorbridge.train.worker.EpochResult;
import io.tensorbridge.train.worker.WorkerEvent;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows how training goes: epoch, step, loss, metrics, rows a second and the time that is left at the pace so far. On a terminal
 * that is one line that moves; elsewhere there is a line for each epoch, and for every ten seconds of a long one.
 *
 * <p>It shows one training after the other, as the one thread tells it that a {@link TrainingListener} is called by.
 */
public final class ProgressLine implements TrainingListener {

    /** What its lines look like. */
    enum Form {
        MOVING,
        PLAIN
    }

    private static final String ERASE = "\u001b[K"; // what an older and longer line has left on the right
    private static final long PLAIN_NANOS = Duration.ofSeconds(10).toNanos();
    private static final String GAP = "  ";

    private final PrintStream out;
    private final Form form;
    private final int width;
    private final LongSupplier nanos;

    private @Nullable Start start;
    private long startNanos;
    private @Nullable Pace pace;
    private @Nullable EpochResult epoch;
    private long step;
    private long printedNanos;

    ProgressLine(PrintStream out, Form form, int width, LongSupplier nanos) {
        this.out = out;
        this.form = form;
        this.width = width;
        this.nanos = nanos;
    }

    /** Shows it on the standard error stream, in one line that moves if that is a terminal. */
    public static ProgressLine onStandardError() {
        return Terminal.isStandardError() ? moving(System.err) : plain(System.err);
    }

    /** Shows it in one line that moves, on a stream that leads to a terminal. */
    public static ProgressLine moving(PrintStream out) {
        return new ProgressLine(out, Form.MOVING, Terminal.width(), System::nanoTime);
    }

    /** Shows it in lines of their own. */
    public static ProgressLine plain(PrintStream out) {
        return new ProgressLine(out, Form.PLAIN, Integer.MAX_VALUE, System::nanoTime);
    }

    /** Where the steps and the time are counted from. */
    private record Pace(long step, long rows, long nanos) {}

    @Override
    public void begin(Start begun) {
        start = begun;
        startNanos = nanos.getAsLong();
        printedNanos = startNanos;
        pace = null;
        epoch = null;
        step = 0;
        show("training with %d %s, %d %s at most"
                .formatted(
                        begun.workers(),
                        begun.workers() == 1 ? "worker" : "workers",
                        begun.epochs(),
                        begun.epochs() == 1 ? "epoch" : "epochs"));
    }

    @Override
    public void progress(WorkerEvent.Progress progress) {
        long now = nanos.getAsLong();
        Pace since = pace;
        if (since == null || progress.step() < step) { // it has begun, or gone back to a checkpoint
            since = new Pace(progress.step(), progress.rows(), now);
            pace = since;
        }
        step = progress.step();
        if (form == Form.PLAIN && now - printedNanos < PLAIN_NANOS) {
            return;
        }
        printedNanos = now;
        List<String> last = new ArrayList<>();
        if (progress.step() > since.step() && now > since.nanos()) {
            double seconds = (now - since.nanos()) / 1e9;
            last.add(rate((progress.rows() - since.rows()) / seconds));
            double left = seconds / (progress.step() - since.step()) * (progress.steps() - progress.step());
            last.add(time(left) + " left");
        }
        show(line(position(progress.epoch(), progress.step(), progress.steps()), numbers(progress), last));
    }

    @Override
    public void epoch(EpochResult result, ByteString histograms) {
        epoch = result;
        step = result.step();
        if (form == Form.PLAIN) {
            printedNanos = nanos.getAsLong();
            show(line(
                    List.of("epoch %d/%d".formatted(result.epoch(), epochs()), "step " + result.step()),
                    numbers(result),
                    List.of(rate(result.rows() / result.seconds()))));
        }
    }

    @Override
    public void end(Ending ending) {
        String took = time((nanos.getAsLong() - startNanos) / 1e9);
        EpochResult last = epoch;
        int count = last == null ? 0 : last.epoch();
        List<String> numbers = last == null ? List.of() : numbers(last);
        String how = switch (ending) {
            case ALL_EPOCHS -> "trained %d %s in %s".formatted(count, count == 1 ? "epoch" : "epochs", took);
            case NO_BETTER -> "stopped after epoch %d, as nothing got better, in %s".formatted(count, took);
            case FAILED -> "failed after step %d, in %s".formatted(step, took);
        };
        show(line(List.of(how), form == Form.MOVING ? numbers : List.of(), List.of()));
        if (form == Form.MOVING) {
            out.println();
        }
    }

    private int epochs() {
        return start == null ? 0 : start.epochs();
    }

    private List<String> position(int inEpoch, long taken, long all) {
        return List.of("epoch %d/%d".formatted(inEpoch, epochs()), "step %d/%d".formatted(taken, all));
    }

    private List<String> numbers(WorkerEvent.Progress progress) {
        List<String> numbers = new ArrayList<>();
        numbers.add("loss " + number(progress.loss()));
        List<String> metrics = start == null ? List.of() : start.metrics();
        for (int i = 0; i < metrics.size(); i++) {
            numbers.add(metrics.get(i) + " " + number(progress.metrics().get(i)));
        }
        EpochResult last = epoch;
        if (last != null) {
            numbers.addAll(named("validation ", last.validation()));
        }
        return numbers;
    }

    private static List<String> numbers(EpochResult result) {
        List<String> numbers = new ArrayList<>();
        numbers.add("loss " + number(result.loss()));
        numbers.addAll(named("", result.metrics()));
        numbers.addAll(named("validation ", result.validation()));
        return numbers;
    }

    private static List<String> named(String before, Map<String, Double> values) {
        List<String> numbers = new ArrayList<>();
        values.forEach((name, value) -> numbers.add(before + name + " " + number(value)));
        return numbers;
    }

    /** Puts a line together; of the numbers in the middle there are as many as it has room for. */
    private String line(List<String> first, List<String> numbers, List<String> last) {
        List<String> parts = new ArrayList<>(first);
        int free = width;
        for (String part : first) {
            free -= part.length() + GAP.length();
        }
        for (String part : last) {
            free -= part.length() + GAP.length();
        }
        for (String part : numbers) {
            free -= part.length() + GAP.length();
            if (free < 0) {
                break;
            }
            parts.add(part);
        }
        parts.addAll(last);
        return String.join(GAP, parts);
    }

    private void show(String line) {
        if (form == Form.MOVING) {
            // a line as wide as the terminal would go on in the next one
            out.print("\r" + line.substring(0, Math.min(line.length(), width - 1)) + ERASE);
        } else {
            out.println(line);
        }
        out.flush();
    }

    private static String number(double value) {
        double size = Math.abs(value);
        boolean plain = size == 0 || (size >= 0.001 && size < 100_000) || !Double.isFinite(value);
        return String.format(Locale.ROOT, plain ? "%.4f" : "%.3e", value);
    }

    private static String rate(double rowsPerSecond) {
        return String.format(Locale.ROOT, "%.0f rows/s", rowsPerSecond);
    }

    private static String time(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        if (whole < 3600) {
            return String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60);
        }
        return String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
    }
}
