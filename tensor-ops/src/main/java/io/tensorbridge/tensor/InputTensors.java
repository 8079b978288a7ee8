package io.tensorbridge.tensor;

import org.apache.arrow.memory.BufferAllocator;
import org.bytedeco.javacpp.LongPointer;
import org.tensorflow.internal.c_api.TF_Tensor;

/**
 * Makes the tensors that a program is fed: over a column's memory where it can be, by a copy where not.
 *
 * <p>For use by one thread.
 *
 * @param copies whether the program writes to its inputs or keeps them, so that it must be given memory of its own
 * @param dims where to write dimensions for native code
 * @param allocator where what has to be copied is accounted for, unless the program keeps it
 */
record InputTensors(boolean copies, LongPointer dims, BufferAllocator allocator, TransferLedger ledger) {

    /** Returns a new tensor of these values, which the caller deletes. */
    TF_Tensor of(ElementType type, ColumnValues values) {
        return switch (type.transfer()) {
            case ALIAS ->
                copies
                        ? NativeTensors.copyOf(type, values, dims, ledger)
                        : NativeTensors.alias(type, values, dims, ledger);
            case HALF -> HalfTensors.copyOf(type, values, dims, ledger);
            case STRING ->
                copies
                        ? StringTensors.writableCopyOf(type, values, dims, ledger)
                        : StringTensors.copyOf(type, values, dims, allocator, ledger);
        };
    }
}
