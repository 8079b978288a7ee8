package io.tensorbridge.tensor;

import org.apache.arrow.memory.util.MemoryUtil;
import org.jspecify.annotations.Nullable;

/**
 * A check of the values that an input is fed with.
 *
 * <p>For use by one thread.
 *
 * @param check what is checked
 * @param what the beginning of messages, such as {@code Program 'iris' failed}
 * @param bytes shows one value after the other
 */
record CellCheck(InputCheck check, String what, CellBytes bytes) {

    /** Returns the check that a program has of an input, or null if it has none. */
    static @Nullable CellCheck of(Program program, String input, String what) {
        InputCheck check = program.checks().get(input);
        return check == null ? null : new CellCheck(check, what, new CellBytes());
    }

    /**
     * Checks all strings of a column.
     *
     * @throws ProgramException if one is refused
     */
    void require(ColumnValues values) {
        long count = values.bytes() / Integer.BYTES;
        long text = values.text().memoryAddress();
        for (long i = 0; i < count; i++) {
            long offset = values.address() + i * Integer.BYTES;
            int start = MemoryUtil.getInt(offset);
            bytes.show(text + start, MemoryUtil.getInt(offset + Integer.BYTES) - start);
            String refusal = check.refusal(bytes);
            if (refusal != null) {
                throw ProgramException.ofInput(what, refusal, refusal);
            }
        }
    }
}
