package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;

import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.util.MemoryUtil;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.TensorInfo;

/**
 * Runs blocks through a session: columns alias into tensors, tensors alias into columns.
 *
 * <p>Made by {@link ProgramSession#runner}. Operations and native arrays are prepared once. For use by one thread at a
 * time.
 */
public final class BlockRunner implements AutoCloseable {

    private final ProgramSession session;
    private final Program program;
    private final List<Feed> feeds;
    private final List<Fetch> fetches;
    private final Schema resultSchema;
    private final List<ElementType> feedTypes;
    private final List<ElementType> fetchTypes;
    private final String what;
    private final InputTensors inputTensors;
    private final OutputVectors outputVectors;
    private final TF_Output inputs;
    private final TF_Output outputs;
    private final PointerPointer<TF_Tensor> inputValues;
    private final PointerPointer<TF_Tensor> outputValues;
    private final LongPointer dims;
    private final TF_Status status;
    private long runNanos;
    private boolean closed;

    BlockRunner(
            ProgramSession session,
            Program program,
            List<Feed> feeds,
            List<Fetch> fetches,
            BufferAllocator allocator,
            TransferLedger ledger) {
        this.session = session;
        this.program = program;
        this.feeds = List.copyOf(feeds);
        this.fetches = List.copyOf(fetches);
        this.resultSchema = new Schema(fetches.stream().map(Fetch::field).toList());
        this.what = "Program '%s' failed".formatted(program.name());
        var inputsOf = program.signatureDef().getInputsMap();
        var outputsOf = program.signatureDef().getOutputsMap();
        List<TensorInfo> fed = feeds.stream()
                .map(feed -> info(inputsOf.get(feed.input()), feed.input()))
                .toList();
        List<TensorInfo> fetched = fetches.stream()
                .map(fetch -> info(outputsOf.get(fetch.output()), fetch.output()))
                .toList();
        this.feedTypes = fed.stream().map(BlockRunner::typeOf).toList();
        this.fetchTypes = fetched.stream().map(BlockRunner::typeOf).toList();
        String cannotRun = "Cannot run program '%s'".formatted(program.name());
        NativeSession nativeSession = session.session();
        List<NativeSession.Endpoint> from = fed.stream()
                .map(tensor -> nativeSession.endpoint(cannotRun, tensor))
                .toList();
        List<NativeSession.Endpoint> to = fetched.stream()
                .map(tensor -> nativeSession.endpoint(cannotRun, tensor))
                .toList();
        // nothing native is allocated before here, and nothing fails from here on
        this.inputs = array(from);
        this.outputs = array(to);
        this.dims = new LongPointer(ColumnValues.MOST_DIMENSIONS);
        this.inputValues = new PointerPointer<>(Math.max(1, fed.size()));
        this.outputValues = new PointerPointer<>(Math.max(1, fetched.size()));
        this.status = TF_NewStatus();
        this.inputTensors = new InputTensors(program.copiesInputsBecauseOf().isPresent(), dims, allocator, ledger);
        this.outputVectors = new OutputVectors(allocator, ledger);
    }

    private TensorInfo info(@Nullable TensorInfo info, String name) {
        if (info == null) {
            throw new IllegalArgumentException("Cannot run program '%s': its signature has no '%s', it is %s"
                    .formatted(program.name(), name, program.signature()));
        }
        return info;
    }

    private static ElementType typeOf(TensorInfo info) {
        return ElementType.of(info.getDtype())
                .orElseThrow(() -> new UnsupportedOperationException(
                        "Cannot convert tensor '%s': %s has no Arrow form".formatted(info.getName(), info.getDtype())));
    }

    private static TF_Output array(List<NativeSession.Endpoint> endpoints) {
        var array = new TF_Output(Math.max(1, endpoints.size()));
        for (int i = 0; i < endpoints.size(); i++) {
            array.position(i)
                    .oper(endpoints.get(i).operation())
                    .index(endpoints.get(i).index());
        }
        return array.position(0);
    }

    /**
     * Runs one block.
     *
     * @param columns one column per feed, in the order of the feeds, all of one length; they are only read, stay the
     *     caller's, and may be closed as soon as this returns, though not overwritten while a buffer of theirs is retained
     * @return one column per fetch, in the order of the fetches, which the caller closes; never to be written to
     * @throws SignatureMismatchException if a column has no tensor form, or not the one that the feed says
     * @throws ProgramException if TensorFlow fails, or an output is not what its signature says
     * @throws IllegalStateException if this runner or its session is closed
     */
    public VectorSchemaRoot run(List<? extends FieldVector> columns) {
        if (closed) {
            throw new IllegalStateException("This runner is closed");
        }
        if (columns.size() != feeds.size()) {
            throw new IllegalArgumentException("Cannot run program '%s': expected %d columns, found %d"
                    .formatted(program.name(), feeds.size(), columns.size()));
        }
        List<TF_Tensor> fed = new ArrayList<>(feeds.size());
        try {
            for (int i = 0; i < feeds.size(); i++) {
                ElementType type = feedTypes.get(i);
                TF_Tensor tensor = inputTensors.of(type, ColumnValues.of(columns.get(i), feeds.get(i), type));
                fed.add(tensor);
                // what inputValues.put(i, tensor) does, without a call into native code
                MemoryUtil.putLong(inputValues.address() + (long) i * Long.BYTES, tensor.address());
            }
            runSession();
        } finally {
            fed.forEach(NativeTensors::delete);
        }
        return dressOutputs();
    }

    private void runSession() {
        long stamp = session.enter();
        try {
            long start = System.nanoTime();
            TF_SessionRun(
                    session.session().handle(),
                    /* run_options= */ null,
                    inputs,
                    inputValues,
                    feeds.size(),
                    outputs,
                    outputValues,
                    fetches.size(),
                    (PointerPointer<?>) null,
                    /* ntargets= */ 0,
                    /* run_metadata= */ null,
                    status);
            runNanos += System.nanoTime() - start;
        } finally {
            session.leave(stamp);
        }
        if (TF_GetCode(status) != TF_OK) {
            throw new ProgramException(what, NativeSession.messageOf(status));
        }
    }

    private VectorSchemaRoot dressOutputs() {
        List<FieldVector> columns = new ArrayList<>(fetches.size());
        int next = 0;
        try {
            while (next < fetches.size()) {
                int i = next++; // a tensor that is being dressed is the dresser's to free
                columns.add(outputVectors.dress(outputAt(i), fetches.get(i), fetchTypes.get(i), what));
            }
            int rows = columns.isEmpty() ? 0 : columns.get(0).getValueCount();
            for (int i = 1; i < columns.size(); i++) {
                if (columns.get(i).getValueCount() != rows) {
                    throw new ProgramException(
                            what,
                            "output '%s' has %d rows, but output '%s' has %d"
                                    .formatted(
                                            fetches.get(0).output(),
                                            rows,
                                            fetches.get(i).output(),
                                            columns.get(i).getValueCount()));
                }
            }
            return new VectorSchemaRoot(resultSchema, columns, rows);
        } catch (RuntimeException | Error e) {
            for (; next < fetches.size(); next++) {
                NativeTensors.delete(outputAt(next));
            }
            columns.forEach(FieldVector::close);
            throw e;
        }
    }

    private TF_Tensor outputAt(int i) {
        return NativeTensors.at(MemoryUtil.getLong(outputValues.address() + (long) i * Long.BYTES));
    }

    /** Returns the time spent inside TensorFlow's run so far, in nanoseconds. */
    public long runNanos() {
        return runNanos;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            outputVectors.close();
            dims.close();
            inputs.close();
            outputs.close();
            inputValues.close();
            outputValues.close();
            TF_DeleteStatus(status);
        }
    }
}
