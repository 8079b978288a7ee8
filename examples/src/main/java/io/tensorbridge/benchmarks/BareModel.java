package io.tensorbridge.benchmarks;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_AllocateTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_CloseSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteTensor;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_INT64;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_LoadSessionFromSavedModel;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_Message;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionRun;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_TensorData;

import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.proto.ConfigProto;

/** A saved model through TensorFlow's C API, with nothing around it: the least that a load and a run can cost. */
final class BareModel implements AutoCloseable {

    private final TF_Graph graph = TF_NewGraph();
    private final TF_Status status = TF_NewStatus();
    private final TF_Session session;
    private final TF_Output input;
    private final TF_Output output;
    private final PointerPointer<TF_Tensor> fed = new PointerPointer<>(1);
    private final PointerPointer<TF_Tensor> fetched = new PointerPointer<>(1);

    /**
     * Loads the model that a directory holds.
     *
     * @param input the operation that takes one int64
     * @param output the operation that gives one float32
     */
    BareModel(Path directory, String input, String output) {
        byte[] config = ConfigProto.newBuilder()
                .setInterOpParallelismThreads(-1)
                .setIntraOpParallelismThreads(1)
                .build()
                .toByteArray();
        var options = TF_NewSessionOptions();
        try (var path = new BytePointer(directory.toString());
                var tag = new BytePointer("serve");
                var tags = new PointerPointer<>(new BytePointer[] {tag});
                var configBytes = new BytePointer(config)) {
            TF_SetConfig(options, configBytes, config.length, status);
            session = TF_LoadSessionFromSavedModel(options, null, path, tags, 1, graph, null, status);
            check();
        } finally {
            TF_DeleteSessionOptions(options);
        }
        this.input = endpoint(input);
        this.output = endpoint(output);
    }

    private TF_Output endpoint(String name) {
        TF_Operation operation = TF_GraphOperationByName(graph, name);
        return new TF_Output(1).oper(operation).index(0);
    }

    float run(long value) {
        TF_Tensor x = TF_AllocateTensor(TF_INT64, new long[] {1}, /* num_dims= */ 1, Long.BYTES);
        new LongPointer(TF_TensorData(x)).put(value);
        fed.put(0, x);
        TF_SessionRun(session, null, input, fed, 1, output, fetched, 1, (PointerPointer<?>) null, 0, null, status);
        TF_DeleteTensor(x);
        check();
        TF_Tensor result = fetched.get(TF_Tensor.class, 0);
        float found = new FloatPointer(TF_TensorData(result)).get();
        TF_DeleteTensor(result);
        return found;
    }

    private void check() {
        if (TF_GetCode(status) != TF_OK) {
            throw new IllegalStateException(TF_Message(status).getString());
        }
    }

    @Override
    public void close() {
        TF_CloseSession(session, status);
        TF_DeleteSession(session, status);
        TF_DeleteGraph(graph);
        TF_DeleteStatus(status);
        input.close();
        output.close();
        fed.close();
        fetched.close();
    }
}
