package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.Float4Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NativeMemoryExtension.class)
class AlignedMemoryTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 63, 64, 65, 1_000, 1 << 20, (16 << 20) + 8, 100_000_000})
    void beginsAtMultiplesOf64(long bytes, BufferAllocator allocator) {
        List<ArrowBuf> buffers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ArrowBuf buffer = allocator.buffer(bytes);
            buffers.add(buffer);
            assertThat(buffer.memoryAddress() % AlignedMemory.ALIGNMENT).isZero();
            assertThat(buffer.capacity()).isBetween(bytes, bytes + AlignedMemory.ALIGNMENT);
            buffer.setByte(bytes - 1, 7);
        }
        assertThat(allocator.getAllocatedMemory()).isBetween(8 * bytes, 8 * (bytes + AlignedMemory.ALIGNMENT));
        buffers.forEach(ArrowBuf::close);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 100, 999, 10_000})
    void givesVectorsAlignedValues(int rows, BufferAllocator allocator) {
        try (var vector = new Float4Vector("x", allocator)) {
            vector.allocateNew(rows);
            assertThat(vector.getDataBuffer().memoryAddress() % AlignedMemory.ALIGNMENT)
                    .isZero();
        }
    }

    @Test
    void keepsToItsLimit() {
        try (var allocator = AlignedMemory.newRootAllocator(1_000);
                ArrowBuf most = allocator.buffer(960)) {
            assertThat(most.capacity()).isEqualTo(960);
            assertThatThrownBy(() -> allocator.buffer(64)).isInstanceOf(OutOfMemoryException.class);
        }
    }

    @Test
    void givesAnEmptyBuffer(BufferAllocator allocator) {
        assertThat(allocator.getEmpty().capacity()).isZero();
        assertThat(allocator.buffer(0).capacity()).isZero();
    }
}
