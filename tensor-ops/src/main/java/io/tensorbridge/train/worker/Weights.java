package io.tensorbridge.train.worker;

import com.google.protobuf.ByteString;
import io.tensorbridge.tensor.TrainingSession;
import io.tensorbridge.train.graph.StepGraph;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.Summary;

/** Looks at the variables of a program, in one pass over them. Belongs to one thread. */
final class Weights {

    private static final int PIECE = 8192;

    private final TrainingSession session;
    private final StepGraph graph;
    private final float[] piece = new float[PIECE];

    Weights(TrainingSession session, StepGraph graph) {
        this.session = session;
        this.graph = graph;
    }

    /** What of the weights is wanted beside their checksum. */
    enum Wanted {
        CHECKSUM,
        HISTOGRAMS
    }

    /**
     * What is found.
     *
     * @param checksum of all variables, by which it is seen that they are the same on every worker
     * @param notFinite the name of the first variable that holds a value that is no number, or an infinite one; null for none
     * @param histograms a serialised summary, if it is wanted
     */
    record Found(String checksum, @Nullable String notFinite, ByteString histograms) {}

    Found look(Wanted wanted) {
        var crc = new CRC32C();
        String notFinite = null;
        var summary = Summary.newBuilder();
        for (int i = 0; i < graph.weights().size(); i++) {
            var finite = new boolean[] {true};
            var histogram = new Histogram();
            session.read(graph.weights().get(i), (type, bytes) -> {
                crc.update(bytes.duplicate()); // which leaves where the bytes are read
                if (type == DataType.DT_FLOAT) {
                    finite[0] &= look(bytes, wanted, histogram);
                }
            });
            if (!finite[0] && notFinite == null) {
                notFinite = graph.names().get(i);
            }
            if (!histogram.isEmpty()) {
                summary.addValueBuilder().setTag(graph.names().get(i)).setHisto(histogram.toProto());
            }
        }
        ByteString histograms = wanted == Wanted.HISTOGRAMS ? summary.build().toByteString() : ByteString.EMPTY;
        return new Found(Long.toHexString(crc.getValue()), notFinite, histograms);
    }

    /** Returns whether all are finite. */
    private boolean look(ByteBuffer bytes, Wanted wanted, Histogram histogram) {
        FloatBuffer floats = bytes.asFloatBuffer();
        float zero = 0;
        while (floats.hasRemaining()) {
            int count = Math.min(PIECE, floats.remaining());
            floats.get(piece, 0, count);
            for (int i = 0; i < count; i++) {
                zero += piece[i] * 0f; // NaN for all that is not finite
            }
            if (wanted == Wanted.HISTOGRAMS) {
                histogram.add(piece, count);
            }
        }
        return zero == 0;
    }
}
