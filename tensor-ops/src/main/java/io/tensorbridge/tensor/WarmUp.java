package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;

import io.tensorbridge.model.internal.GraphNames;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.arrow.memory.util.MemoryUtil;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.TensorInfo;

/** The run of a program that its session makes before anybody has it, so that the first block does not pay for it. */
final class WarmUp {

    private WarmUp() {}

    /**
     * Checks what a program is to be warmed up with.
     *
     * @throws SignatureMismatchException if it does not fit; the message holds every mismatch
     */
    static void check(Program program, Map<String, TensorValue> values) {
        List<String> mismatches = new ArrayList<>();
        List<String> outputs =
                program.signature().outputs().stream().map(TensorSpec::name).toList();
        for (TensorSpec input : program.inputsOf(outputs)) {
            if (!values.containsKey(input.name())) {
                mismatches.add("input '%s': expected %s, found no value".formatted(input.name(), describe(input)));
            }
        }
        new TreeMap<>(values)
                .forEach((name, value) -> program.signature()
                        .input(name)
                        .ifPresentOrElse(
                                input -> {
                                    if (value.elementType() != input.elementType()
                                            || !Shapes.accepts(input.shape(), value.shape())) {
                                        mismatches.add("input '%s': expected %s, found %s"
                                                .formatted(name, describe(input), value));
                                    }
                                },
                                () -> mismatches.add("input '%s': no such input; the inputs are %s"
                                        .formatted(
                                                name,
                                                program.signature().inputs().stream()
                                                        .map(TensorSpec::name)
                                                        .toList()))));
        if (!mismatches.isEmpty()) {
            throw new SignatureMismatchException("Cannot warm up program '%s':\n  - %s. Mend warmUp(…)"
                    .formatted(program.name(), String.join("\n  - ", mismatches)));
        }
    }

    private static String describe(TensorSpec input) {
        return Shapes.describe(input.elementType(), input.shape());
    }

    /**
     * Runs the program once; what comes out is left in TensorFlow.
     *
     * @throws ProgramException if the run fails, or does not end within its limit
     */
    static void run(String what, ProgramSession session, Program program) {
        try {
            run(session, program);
        } catch (ProgramException e) {
            throw new ProgramException(what, "its warm-up failed: %s. Mend warmUp(…)".formatted(e.reason()), e);
        }
    }

    private static void run(ProgramSession session, Program program) {
        Map<String, TensorValue> values = program.warmUp();
        String cannot = "Cannot warm up program '%s'".formatted(program.name());
        List<Feeder> feeders = new ArrayList<>();
        TF_Status status = TF_NewStatus();
        int count = values.size();
        try (var allocator = AlignedMemory.newRootAllocator(Long.MAX_VALUE);
                var dims = new LongPointer(ColumnValues.MOST_DIMENSIONS);
                var inputs = new TF_Output(Math.max(1, count));
                var inputValues = new PointerPointer<TF_Tensor>(Math.max(1, count));
                var targets = targetsOf(cannot, session.session(), program)) {
            // one run, of which each value is a tensor of TensorFlow's own memory whatever the program does with it
            var tensors = new InputTensors(/* copies= */ false, dims, allocator, new TransferLedger());
            try {
                for (Map.Entry<String, TensorValue> value : values.entrySet()) {
                    TensorInfo info = program.signatureDef().getInputsOrThrow(value.getKey());
                    var fed = new FedInput(
                            value.getKey(),
                            ElementType.of(info.getDtype()).orElseThrow(),
                            Shapes.of(info.getTensorShape()),
                            tensors,
                            CellCheck.of(program, value.getKey(), cannot));
                    int i = feeders.size();
                    Feeder feeder = Feeders.of(new Feed.Parameter(value.getKey(), value.getValue()), fed, cannot);
                    feeders.add(feeder);
                    NativeSession.Endpoint endpoint = session.session().endpoint(cannot, info);
                    inputs.position(i).oper(endpoint.operation()).index(endpoint.index());
                    MemoryUtil.putLong(
                            inputValues.address() + (long) i * Long.BYTES,
                            feeder.tensor(List.of(), /* rows= */ 0).address());
                }
                inputs.position(0);
                run(cannot, session, inputs, inputValues, count, targets, status);
            } finally {
                feeders.forEach(Feeder::close);
            }
        } finally {
            TF_DeleteStatus(status);
        }
    }

    private static PointerPointer<TF_Operation> targetsOf(String cannot, NativeSession session, Program program) {
        Set<String> names = new HashSet<>();
        List<TF_Operation> operations = new ArrayList<>();
        for (TensorSpec output : program.signature().outputs()) {
            TensorInfo info = program.signatureDef().getOutputsOrThrow(output.name());
            if (names.add(GraphNames.operationOf(info.getName()))) {
                operations.add(session.endpoint(cannot, info).operation());
            }
        }
        return new PointerPointer<>(operations.toArray(TF_Operation[]::new));
    }

    private static void run(
            String cannot,
            ProgramSession session,
            TF_Output inputs,
            PointerPointer<TF_Tensor> inputValues,
            int count,
            PointerPointer<TF_Operation> targets,
            TF_Status status) {
        RunLimit limit = RunLimit.of(session);
        try {
            long run = limit.begin(System.nanoTime());
            boolean ended;
            try {
                TF_SessionRun(
                        session.session().handle(),
                        /* run_options= */ null,
                        inputs,
                        inputValues,
                        count,
                        /* outputs= */ (TF_Output) null,
                        /* output_values= */ (PointerPointer<TF_Tensor>) null,
                        /* noutputs= */ 0,
                        targets,
                        (int) targets.capacity(),
                        /* run_metadata= */ null,
                        status);
            } finally {
                ended = limit.end(run);
            }
            if (!ended) {
                throw new ProgramException(cannot, limit.exceeded());
            }
            NativeSession.check(cannot, status);
        } finally {
            limit.close();
        }
    }
}
