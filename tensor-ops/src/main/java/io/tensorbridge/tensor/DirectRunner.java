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
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.TensorInfo;

/**
 * Runs a block as it is, in one run: columns alias into tensors, tensors alias into columns.
 *
 * <p>Operations and native arrays are prepared once.
 */
final class DirectRunner implements BlockRunner {

    private final ProgramSession session;
    private final Program program;
    private final List<Fetch> fetches;
    private final Schema resultSchema;
    private final List<ElementType> fetchTypes;
    private final String what;
    private final int columnCount;
    private final Feeder[] feeders;
    private final @Nullable TF_Tensor[] fed; // by the run under way
    private final RunLimit limit;
    private final OutputVectors outputVectors;
    private final TF_Output inputs;
    private final TF_Output outputs;
    private final PointerPointer<TF_Tensor> inputValues;
    private final PointerPointer<TF_Tensor> outputValues;
    private final LongPointer dims;
    private final TF_Status status;
    private long runNanos;
    private boolean closed;

    DirectRunner(
            ProgramSession session,
            Program program,
            List<Feed> feeds,
            List<Fetch> fetches,
            BufferAllocator allocator,
            TransferLedger ledger) {
        this.session = session;
        this.program = program;
        this.fetches = List.copyOf(fetches);
        this.what = "Program '%s' failed".formatted(program.name());
        String cannotRun = "Cannot run program '%s'".formatted(program.name());
        NativeSession nativeSession = session.session();
        // no streams: a small task runs one block, and to prepare it is most of what it does
        List<Field> fields = new ArrayList<>(fetches.size());
        List<NativeSession.Endpoint> to = new ArrayList<>(fetches.size());
        this.fetchTypes = new ArrayList<>(fetches.size());
        for (Fetch fetch : fetches) {
            TensorInfo tensor = info(program.signatureDef().getOutputsMap().get(fetch.output()), fetch.output());
            fields.add(fetch.field());
            fetchTypes.add(typeOf(tensor));
            to.add(nativeSession.endpoint(cannotRun, tensor));
        }
        this.resultSchema = new Schema(fields);
        List<TensorInfo> inputInfos = new ArrayList<>(feeds.size());
        List<NativeSession.Endpoint> from = new ArrayList<>(feeds.size());
        for (Feed feed : feeds) {
            TensorInfo tensor = info(program.signatureDef().getInputsMap().get(feed.input()), feed.input());
            inputInfos.add(tensor);
            from.add(nativeSession.endpoint(cannotRun, tensor));
        }
        this.columnCount = columnCount(feeds);
        this.feeders = new Feeder[feeds.size()];
        this.fed = new TF_Tensor[feeds.size()];
        this.dims = new LongPointer(ColumnValues.MOST_DIMENSIONS);
        var tensors = new InputTensors(program.copiesInputsBecauseOf().isPresent(), dims, allocator, ledger);
        try {
            for (int i = 0; i < feeders.length; i++) {
                TensorInfo info = inputInfos.get(i);
                String name = feeds.get(i).input();
                var input = new FedInput(
                        name,
                        typeOf(info),
                        Shapes.of(info.getTensorShape()),
                        tensors,
                        CellCheck.of(program, name, what));
                feeders[i] = Feeders.of(feeds.get(i), input, cannotRun);
            }
        } catch (RuntimeException e) {
            dims.close();
            throw e;
        }
        // nothing but the dimensions is allocated before here, and nothing fails from here on
        this.inputs = array(from);
        this.outputs = array(to);
        this.inputValues = new PointerPointer<>(Math.max(1, feeders.length));
        this.outputValues = new PointerPointer<>(Math.max(1, fetches.size()));
        this.status = TF_NewStatus();
        this.outputVectors = new OutputVectors(allocator, ledger);
        this.limit = RunLimit.of(session);
    }

    private static int columnCount(List<Feed> feeds) {
        int count = 0;
        for (Feed feed : feeds) {
            if (feed instanceof Feed.OfColumn ofColumn) {
                count = Math.max(count, ofColumn.column().index() + 1);
            }
        }
        return count;
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

    @Override
    public VectorSchemaRoot run(List<? extends FieldVector> columns, int rows) {
        if (closed) {
            throw new IllegalStateException("This runner is closed");
        }
        check(columns);
        try {
            for (int i = 0; i < feeders.length; i++) {
                TF_Tensor tensor = feeders[i].tensor(columns, rows);
                fed[i] = tensor;
                // what inputValues.put(i, tensor) does, without a call into native code
                MemoryUtil.putLong(inputValues.address() + (long) i * Long.BYTES, tensor.address());
            }
            runSession();
        } finally {
            takeBackInputs();
        }
        return dressOutputs();
    }

    private void check(List<? extends FieldVector> columns) {
        if (columns.size() != columnCount) {
            throw new IllegalArgumentException("Cannot run program '%s': expected %d columns, found %d"
                    .formatted(program.name(), columnCount, columns.size()));
        }
    }

    private void takeBackInputs() {
        for (int i = 0; i < feeders.length; i++) {
            TF_Tensor tensor = fed[i];
            if (tensor != null) {
                fed[i] = null;
                feeders[i].takeBack(tensor);
            }
        }
    }

    private void runSession() {
        boolean ended;
        long stamp = session.enter();
        try {
            session.requireSound(what);
            long start = System.nanoTime();
            long run = limit.begin(start);
            try {
                TF_SessionRun(
                        session.session().handle(),
                        /* run_options= */ null,
                        inputs,
                        inputValues,
                        feeders.length,
                        outputs,
                        outputValues,
                        fetches.size(),
                        (PointerPointer<?>) null,
                        /* ntargets= */ 0,
                        /* run_metadata= */ null,
                        status);
            } finally {
                ended = limit.end(run);
            }
            runNanos += System.nanoTime() - start;
        } finally {
            session.leave(stamp);
        }
        boolean succeeded = TF_GetCode(status) == TF_OK;
        if (ended && succeeded) {
            return;
        }
        if (succeeded) { // too late: the session is closed, and with it what else was to run
            for (int i = 0; i < fetches.size(); i++) {
                NativeTensors.delete(outputAt(i));
            }
        }
        if (!ended) {
            throw new ProgramException(what, limit.exceeded());
        }
        session.requireSound(what); // cut short on another's account, the message would be a riddle
        throw NativeSession.failedRun(what, status);
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
                            "expected %d rows of output '%s', as of output '%s', found %d. Fetch them apart, or mend the program"
                                    .formatted(
                                            rows,
                                            fetches.get(i).output(),
                                            fetches.get(0).output(),
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

    @Override
    public long runNanos() {
        return runNanos;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            limit.close();
            for (Feeder feeder : feeders) {
                feeder.close();
            }
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
