package io.tensorbridge.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Copies rows of one or several columns of a kind into a new column, in any order. Nulls are not kept: the values under
 * them are.
 *
 * <p>On each level a row is a run of consecutive elements, so its values are one copy.
 */
final class GatheredRows {

    private final List<? extends FieldVector> sources;
    private final int[] sourceOfRow;
    private final BufferAllocator allocator;
    private final TransferLedger ledger;

    private GatheredRows(
            List<? extends FieldVector> sources, int[] sourceOfRow, BufferAllocator allocator, TransferLedger ledger) {
        this.sources = sources;
        this.sourceOfRow = sourceOfRow;
        this.allocator = allocator;
        this.ledger = ledger;
    }

    /**
     * Returns a column of these rows of a column, which the caller closes.
     *
     * @throws ArithmeticException if it would have more than 2147483647 values
     */
    static FieldVector of(FieldVector source, int[] rows, BufferAllocator allocator, TransferLedger ledger) {
        return of(source.getField(), List.of(source), new int[rows.length], rows, allocator, ledger);
    }

    /**
     * Returns a column of rows of several columns, which the caller closes.
     *
     * @param field the new column
     * @param sourceOfRow for each new row the column that it comes from
     * @param rows for each new row which of that column's it is
     * @throws ArithmeticException if it would have more than 2147483647 values
     */
    static FieldVector of(
            Field field,
            List<? extends FieldVector> sources,
            int[] sourceOfRow,
            int[] rows,
            BufferAllocator allocator,
            TransferLedger ledger) {
        int[] ones = new int[rows.length];
        Arrays.fill(ones, 1);
        FieldVector target = field.createVector(allocator);
        try {
            new GatheredRows(sources, sourceOfRow, allocator, ledger).gather(target, rows, ones);
            return target;
        } catch (RuntimeException | Error e) {
            target.close();
            throw e;
        }
    }

    /** Fills a level with one run of elements for each row. */
    private void gather(FieldVector target, int[] from, int[] count) {
        int total = 0;
        for (int n : count) {
            total = Math.addExact(total, n);
        }
        if (target instanceof ListVector list) {
            int[] childFrom = new int[from.length];
            int[] childCount = new int[from.length];
            try (ArrowBuf offsets = offsets(from, count, total, childFrom, childCount)) {
                load(list, total, offsets);
            }
            var children = new GatheredRows(
                    sources.stream()
                            .map(source -> ((ListVector) source).getDataVector())
                            .toList(),
                    sourceOfRow,
                    allocator,
                    ledger);
            children.gather(list.getDataVector(), childFrom, childCount);
        } else if (target instanceof BaseVariableWidthVector) {
            int[] bytesFrom = new int[from.length];
            int[] bytesCount = new int[from.length];
            try (ArrowBuf offsets = offsets(from, count, total, bytesFrom, bytesCount);
                    ArrowBuf values = values(bytesFrom, bytesCount, 1)) {
                load(target, total, offsets, values);
            }
        } else if (target instanceof BaseFixedWidthVector fixed) {
            try (ArrowBuf values = values(from, count, fixed.getTypeWidth())) {
                load(target, total, values);
            }
        } else {
            throw new UnsupportedOperationException("Cannot group rows of Arrow type %s"
                    .formatted(target.getField().getType()));
        }
    }

    private void load(FieldVector target, int count, ArrowBuf... buffers) {
        List<ArrowBuf> all = new ArrayList<>(List.of(buffers));
        all.add(0, allocator.getEmpty()); // which makes a bitmap without nulls
        target.loadFieldBuffers(new ArrowFieldNode(count, /* nullCount= */ 0), all);
    }

    /** Returns the offsets of all elements, and finds for each row the run that they span on the level below. */
    private ArrowBuf offsets(int[] from, int[] count, int total, int[] childFrom, int[] childCount) {
        ArrowBuf offsets = allocator.buffer((total + 1L) * Integer.BYTES);
        try {
            long to = offsets.memoryAddress();
            MemoryUtil.putInt(to, 0);
            int end = 0;
            for (int row = 0; row < from.length; row++) {
                if (count[row] == 0) {
                    continue;
                }
                long address =
                        sources.get(sourceOfRow[row]).getOffsetBufferAddress() + (long) from[row] * Integer.BYTES;
                int first = MemoryUtil.getInt(address);
                int shift = end - first;
                for (int i = 1; i <= count[row]; i++) {
                    to += Integer.BYTES;
                    MemoryUtil.putInt(to, MemoryUtil.getInt(address + (long) i * Integer.BYTES) + shift);
                }
                childFrom[row] = first;
                childCount[row] = MemoryUtil.getInt(address + (long) count[row] * Integer.BYTES) - first;
                end = Math.addExact(end, childCount[row]);
            }
            return offsets;
        } catch (RuntimeException | Error e) {
            offsets.close();
            throw e;
        }
    }

    private ArrowBuf values(int[] from, int[] count, int width) {
        long bytes = 0;
        for (int n : count) {
            bytes += (long) n * width;
        }
        ArrowBuf values = allocator.buffer(bytes);
        long to = values.memoryAddress();
        for (int row = 0; row < from.length; row++) {
            long length = (long) count[row] * width;
            if (length > 0) {
                ArrowBuf source = sources.get(sourceOfRow[row]).getDataBuffer();
                long start = (long) from[row] * width;
                if (start < 0 || start + length > source.capacity()) {
                    values.close();
                    throw new SignatureMismatchException(
                            "Cannot group rows: expected values up to byte %d of a column, found %d bytes"
                                    .formatted(start + length, source.capacity()));
                }
                MemoryUtil.copyMemory(source.memoryAddress() + start, to, length);
                to += length;
            }
        }
        ledger.copied(CopyReason.GROUPED, bytes);
        return values;
    }
}
