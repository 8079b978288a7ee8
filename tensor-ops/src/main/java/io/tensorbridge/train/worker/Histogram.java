package io.tensorbridge.train.worker;

import org.tensorflow.proto.HistogramProto;

/**
 * Counts values by the limits that TensorFlow's own histograms have: from 1e-12 on each a tenth larger than the one before, either
 * way. What is not finite is not counted. Belongs to one thread.
 */
final class Histogram {

    private static final int LOW_BITS = 16;
    private static final int EXPONENT = 0x7F80_0000;
    private static final double[] LIMITS = limits();
    /** The bucket of the least float of these 16 leading bits; the sign is the first of them. */
    private static final short[] BUCKETS = buckets();

    private final long[] counts = new long[LIMITS.length];
    private long count;
    private double least = Double.MAX_VALUE;
    private double most = -Double.MAX_VALUE;
    private double sum;
    private double squares;

    private static double[] limits() {
        double[] positive = new double[1000];
        int count = 0;
        for (double limit = 1e-12; limit < 1e20; limit *= 1.1) {
            positive[count++] = limit;
        }
        positive[count++] = Double.MAX_VALUE;
        double[] limits = new double[2 * count + 1];
        for (int i = 0; i < count; i++) {
            limits[i] = -positive[count - 1 - i];
            limits[count + 1 + i] = positive[i];
        }
        return limits;
    }

    private static short[] buckets() {
        short[] buckets = new short[1 << LOW_BITS];
        for (int i = 0; i < buckets.length; i++) {
            int bits = i << LOW_BITS;
            // of negative floats the lower bits make them less
            float value = Float.intBitsToFloat(bits < 0 ? bits | (1 << LOW_BITS) - 1 : bits);
            buckets[i] = Float.isFinite(value) ? (short) bucketOf(value) : 0;
        }
        return buckets;
    }

    /** Returns the first bucket whose limit is above a value. */
    private static int bucketOf(double value) {
        int low = 0;
        int high = LIMITS.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (LIMITS[middle] > value) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Counts the first values of an array. */
    void add(float[] values, int length) {
        for (int i = 0; i < length; i++) {
            float value = values[i];
            int bits = Float.floatToRawIntBits(value);
            if ((bits & EXPONENT) == EXPONENT) {
                continue;
            }
            int bucket = BUCKETS[bits >>> LOW_BITS];
            while (LIMITS[bucket] <= value) { // of the values with these leading bits some are in the next one
                bucket++;
            }
            counts[bucket]++;
            count++;
            least = Math.min(least, value);
            most = Math.max(most, value);
            sum += value;
            squares += (double) value * value;
        }
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** Returns the histogram as TensorFlow writes it: of empty buckets that follow each other the last one alone. */
    HistogramProto toProto() {
        var proto = HistogramProto.newBuilder()
                .setMin(least)
                .setMax(most)
                .setNum((double) count)
                .setSum(sum)
                .setSumSquares(squares);
        for (int i = 0; i < LIMITS.length; i++) {
            while (counts[i] == 0 && i + 1 < LIMITS.length && counts[i + 1] == 0) {
                i++;
            }
            proto.addBucketLimit(LIMITS[i]).addBucket((double) counts[i]);
        }
        return proto.build();
    }
}
