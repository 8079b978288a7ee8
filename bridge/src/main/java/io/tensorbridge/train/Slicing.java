package io.tensorbridge.train;

import io.tensorbridge.train.SliceKey.Kind;
import io.tensorbridge.train.graph.ValueRange;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Cuts packed blocks into slices: a row in turn for each worker, so that all get as many but for one a partition; some of the rows
 * for the validation, by chance, but always the same ones.
 *
 * @param columns which inputs are not fed with the column of their own name
 * @param kind what the rows are for, if not some for the validation
 * @param validation which share of the rows is for the validation
 */
record Slicing(
        int workers,
        List<Integer> cellBytes,
        List<ValueRange> ranges,
        Map<String, String> columns,
        Kind kind,
        double validation,
        long seed)
        implements Function2<Integer, Iterator<Row>, Iterator<Tuple2<SliceKey, Slice>>>, Serializable {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    @Override
    public Iterator<Tuple2<SliceKey, Slice>> call(Integer partition, Iterator<Row> blocks) {
        return new Slices(partition, blocks);
    }

    /** The slices of a partition, made block by block. */
    private final class Slices implements Iterator<Tuple2<SliceKey, Slice>> {

        private final int partition;
        private final Iterator<Row> blocks;
        private final int[] inTurn = new int[2];
        private Iterator<Tuple2<SliceKey, Slice>> ofBlock =
                List.<Tuple2<SliceKey, Slice>>of().iterator();
        private long block;
        private long rowsBefore;

        Slices(int partition, Iterator<Row> blocks) {
            this.partition = partition;
            this.blocks = blocks;
            java.util.Arrays.fill(inTurn, partition % workers);
        }

        @Override
        public boolean hasNext() {
            while (!ofBlock.hasNext() && blocks.hasNext()) {
                ofBlock = slices(blocks.next()).iterator();
                block++;
            }
            return ofBlock.hasNext();
        }

        @Override
        public Tuple2<SliceKey, Slice> next() {
            if (!hasNext()) {
                throw new java.util.NoSuchElementException();
            }
            return ofBlock.next();
        }

        private List<Tuple2<SliceKey, Slice>> slices(Row packed) {
            List<byte[]> cells = new ArrayList<>();
            for (int i = 0; i < cellBytes.size(); i++) {
                cells.add(packed.getAs(Packing.cells(i)));
            }
            int rows = cells.get(0).length / cellBytes.get(0);
            if (rows == 0) {
                return List.of();
            }
            checkRanges(packed);
            int[] destination = new int[rows]; // workers to train with, then those to validate with
            int[] counts = new int[2 * workers];
            for (int row = 0; row < rows; row++) {
                Kind of = isValidation(rowsBefore + row) ? Kind.VALIDATION : kind;
                int use = of == Kind.TRAINING ? 0 : 1;
                destination[row] = use * workers + inTurn[use]++ % workers;
                counts[destination[row]]++;
            }
            rowsBefore += rows;
            List<Tuple2<SliceKey, Slice>> slices = new ArrayList<>();
            for (int to = 0; to < counts.length; to++) {
                if (counts[to] > 0) {
                    var key = new SliceKey(
                            to % workers, to < workers ? Kind.TRAINING : Kind.VALIDATION, partition, block);
                    slices.add(new Tuple2<>(key, slice(cells, destination, to, counts[to])));
                }
            }
            return slices;
        }

        private Slice slice(List<byte[]> cells, int[] destination, int to, int count) {
            if (count == destination.length) {
                return new Slice(count, cells);
            }
            List<byte[]> chosen = new ArrayList<>();
            for (int i = 0; i < cells.size(); i++) {
                int width = cellBytes.get(i);
                byte[] bytes = new byte[count * width];
                int at = 0;
                for (int row = 0; row < destination.length; row++) {
                    if (destination[row] == to) {
                        System.arraycopy(cells.get(i), row * width, bytes, at, width);
                        at += width;
                    }
                }
                chosen.add(bytes);
            }
            return new Slice(count, chosen);
        }

        private boolean isValidation(long row) {
            if (validation <= 0) {
                return false;
            }
            long mixed = (seed ^ (((long) partition << 40) + row)) * GOLDEN;
            mixed = (mixed ^ mixed >>> 32) * GOLDEN;
            return ((mixed ^ mixed >>> 29) >>> 11) * 0x1.0p-53 < validation;
        }

        private void checkRanges(Row packed) {
            for (int i = 0; i < ranges.size(); i++) {
                ValueRange range = ranges.get(i);
                long least = packed.getAs(Packing.least(i));
                long most = packed.getAs(Packing.most(i));
                if (least < range.least() || most >= range.bound()) {
                    throw new TrainingException(
                            "Cannot train: expected values from %d to %d for input '%s', found %d in column '%s'. Leave such rows out, or give the program more classes"
                                    .formatted(
                                            range.least(),
                                            range.bound() - 1,
                                            range.input(),
                                            least < range.least() ? least : most,
                                            columns.getOrDefault(range.input(), range.input())));
                }
            }
        }
    }
}
