package io.tensorbridge.tensor;

import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.tensorflow.internal.c_api.TF_Tensor;

/**
 * Makes what one input is fed with, run by run. One for each form of {@link Feed}.
 *
 * <p>For use by one thread.
 */
interface Feeder extends AutoCloseable {

    /**
     * Returns the tensor for a run, which the caller gives back with {@link #takeBack} when the run is over.
     *
     * @param columns the columns of the block, which stay the caller's
     * @param rows the number of rows of the block; a column may be of another length
     * @throws SignatureMismatchException if the column has not the form that is fed
     */
    TF_Tensor tensor(List<? extends FieldVector> columns, int rows);

    /** Takes back a tensor whose run is over. */
    default void takeBack(TF_Tensor tensor) {
        NativeTensors.delete(tensor);
    }

    /** Frees what was kept between the runs; nothing unless said otherwise. */
    @Override
    default void close() {}
}
