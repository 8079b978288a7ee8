package io.tensorbridge.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/** Runs two sides in turn, and compares their medians. */
final class Comparison {

    private Comparison() {}

    /** What came of it, in whatever unit the sides measure. */
    record Result(double ours, double theirs) {

        /** How many times as long the others took. */
        double theirsOverOurs() {
            return theirs / ours;
        }

        double oursOverTheirs() {
            return ours / theirs;
        }
    }

    /**
     * Measures two sides in turn, after rounds that do not count.
     *
     * @param warmUps rounds that do not count
     * @param rounds rounds that count
     * @param ours gives one measurement of ours
     * @param theirs gives one measurement of theirs
     */
    static Result inTurn(int warmUps, int rounds, DoubleSupplier ours, DoubleSupplier theirs) {
        double[] our = new double[rounds];
        double[] their = new double[rounds];
        for (int round = -warmUps; round < rounds; round++) {
            double theirTime = theirs.getAsDouble();
            double ourTime = ours.getAsDouble();
            if (round >= 0) {
                our[round] = ourTime;
                their[round] = theirTime;
            }
        }
        return new Result(median(our), median(their));
    }

    /**
     * Measures several sides in turn, after rounds that do not count.
     *
     * @param sides what each side does
     * @return the median of each side's seconds
     */
    static double[] mediansInTurn(int warmUps, int rounds, List<Runnable> sides) {
        double[][] times = new double[sides.size()][rounds];
        for (int round = -warmUps; round < rounds; round++) {
            for (int side = 0; side < times.length; side++) {
                double time = seconds(sides.get(side));
                if (round >= 0) {
                    times[side][round] = time;
                }
            }
        }
        return Arrays.stream(times).mapToDouble(Comparison::median).toArray();
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Returns the seconds that something takes, without the garbage of what ran before it. */
    static double seconds(Runnable work) {
        System.gc();
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    /** Prints a line of results; numbers without thousands separators, whatever the machine's language. */
    static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
