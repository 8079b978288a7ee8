package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteFunction;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_FunctionToFunctionDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphGetOpDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphToFunction;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OperationNumOutputs;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tensorbridge.model.internal.GraphNames;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Function;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.OpDef;

/** Makes functions out of graphs, by TensorFlow's C API. What is native lives no longer than a call. */
final class NativeFunctions {

    private static final byte NO_HASH = 0;
    private static final int ALL_OPERATIONS = -1;

    private NativeFunctions() {}

    /**
     * Makes a function of all operations of a graph.
     *
     * @param what the beginning of messages, such as {@code Cannot run program 'iris' row by row}
     * @param arguments tensors of placeholders, which become the function's arguments; they may be of no use to it
     * @param returns the tensors it returns; they may be arguments
     * @throws ProgramException if TensorFlow does not import the graph, or makes no function of it
     */
    static FunctionDef functionOf(
            String what, String name, GraphDef graphDef, List<String> arguments, List<String> returns) {
        TensorFlowRuntime.load();
        TF_Status status = TF_NewStatus();
        TF_Graph graph = TF_NewGraph();
        try {
            NativeSession.importGraph(what, graph, graphDef.toByteArray(), status);
            try (TF_Output inputs = endpoints(what, graph, arguments);
                    TF_Output outputs = endpoints(what, graph, returns);
                    var nameBytes = new BytePointer(name, StandardCharsets.UTF_8)) {
                TF_Function function = TF_GraphToFunction(
                        graph,
                        nameBytes,
                        NO_HASH,
                        ALL_OPERATIONS,
                        /* opers= */ (PointerPointer<?>) null,
                        arguments.size(),
                        inputs,
                        returns.size(),
                        outputs,
                        /* output_names= */ (PointerPointer<?>) null,
                        /* opts= */ null,
                        /* description= */ (BytePointer) null,
                        status);
                NativeSession.check(what, status);
                try {
                    return definitionOf(what, function, status);
                } finally {
                    TF_DeleteFunction(function);
                }
            }
        } finally {
            TF_DeleteGraph(graph);
            TF_DeleteStatus(status);
        }
    }

    private static FunctionDef definitionOf(String what, TF_Function function, TF_Status status) {
        TF_Buffer buffer = TF_NewBuffer();
        try {
            TF_FunctionToFunctionDef(function, buffer, status);
            NativeSession.check(what, status);
            return FunctionDef.parseFrom(buffer.copyData());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("TensorFlow wrote a FunctionDef that is none", e);
        } finally {
            TF_DeleteBuffer(buffer);
        }
    }

    private static TF_Output endpoints(String what, TF_Graph graph, List<String> tensors) {
        var endpoints = new TF_Output(Math.max(1, tensors.size()));
        try {
            for (int i = 0; i < tensors.size(); i++) {
                String tensor = tensors.get(i);
                TF_Operation operation = TF_GraphOperationByName(graph, GraphNames.operationOf(tensor));
                int index = GraphNames.indexOf(tensor);
                if (operation == null
                        || operation.isNull()
                        || index < 0
                        || index >= TF_OperationNumOutputs(operation)) {
                    throw new ProgramException(what, "its graph has no tensor '%s'".formatted(tensor));
                }
                endpoints.position(i).oper(operation).index(index);
            }
            return endpoints.position(0);
        } catch (RuntimeException e) {
            endpoints.close();
            throw e;
        }
    }

    /** Returns what TensorFlow knows of an operation, or nothing if it is none of its own. */
    static Optional<OpDef> definitionOf(String op) {
        TensorFlowRuntime.load();
        TF_Status status = TF_NewStatus();
        TF_Graph graph = TF_NewGraph();
        TF_Buffer buffer = TF_NewBuffer();
        try (var name = new BytePointer(op, StandardCharsets.UTF_8)) {
            TF_GraphGetOpDef(graph, name, buffer, status);
            return TF_GetCode(status) == TF_OK ? Optional.of(OpDef.parseFrom(buffer.copyData())) : Optional.empty();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("TensorFlow wrote an OpDef that is none", e);
        } finally {
            TF_DeleteBuffer(buffer);
            TF_DeleteGraph(graph);
            TF_DeleteStatus(status);
        }
    }
}
