package io.tensorbridge.train;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Some rows of a block, on their way to a worker.
 *
 * @param cells the cells of each input, one after the other
 */
record Slice(int rows, List<byte[]> cells) implements Serializable {

    List<ByteBuffer> buffers() {
        List<ByteBuffer> buffers = new ArrayList<>();
        cells.forEach(bytes -> buffers.add(ByteBuffer.wrap(bytes)));
        return buffers;
    }
}
