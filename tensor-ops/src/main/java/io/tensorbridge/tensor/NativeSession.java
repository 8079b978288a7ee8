package io.tensorbridge.tensor;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_CloseSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DATA_LOSS;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteImportGraphDefOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetCode;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphImportGraphDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_INVALID_ARGUMENT;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_LoadSessionFromSavedModel;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_Message;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewBufferFromString;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewImportGraphDefOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSessionOptions;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewStatus;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OK;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OUT_OF_RANGE;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OperationNumOutputs;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_OperationOutputType;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetTarget;

import io.tensorbridge.model.internal.GraphNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorInfo;

/**
 * A graph and a session of TensorFlow's C API.
 *
 * <p>The C API rather than TensorFlow Java's {@code Session}: it alone can be fed with tensors over foreign memory, and a
 * run costs a fraction. Runs may go on in several threads at once, and {@link #cut} beside them; closing may not.
 */
final class NativeSession implements AutoCloseable {

    private static final int LONGEST_MESSAGE = 500;

    private static final Pattern FIRST_OF_SEVERAL =
            Pattern.compile("\\d+ root error\\(s\\) found\\.\\s+\\(0\\) [A-Z_]+: ");
    // TensorFlow says of these too that an argument is invalid; no other row would pass
    private static final Pattern OF_PROGRAM =
            Pattern.compile("No OpKernel was registered|Cannot assign a device|You must feed a value for placeholder");
    private static final Pattern GRAPH_PLACE = Pattern.compile("(\\{\\{[^}]*\\}\\}|\\s)+");

    private final TF_Graph graph;
    private final TF_Session session;

    private NativeSession(TF_Graph graph, TF_Session session) {
        this.graph = graph;
        this.session = session;
    }

    static NativeSession ofGraph(String what, byte[] graphDef, byte[] config) {
        return ofGraph(what, graphDef, config, /* target= */ "");
    }

    /**
     * Imports a graph.
     *
     * @param target where it runs, such as {@code grpc://127.0.0.1:2222}; empty for this process
     */
    static NativeSession ofGraph(String what, byte[] graphDef, byte[] config, String target) {
        TensorFlowRuntime.load();
        TF_Status status = TF_NewStatus();
        TF_Graph graph = TF_NewGraph();
        try {
            importGraph(what, graph, graphDef, status);
            TF_SessionOptions options = options(what, config, status);
            try {
                if (!target.isEmpty()) {
                    TF_SetTarget(options, target);
                }
                TF_Session session = TF_NewSession(graph, options, status);
                check(what, status);
                return new NativeSession(graph, session);
            } finally {
                TF_DeleteSessionOptions(options);
            }
        } catch (RuntimeException e) {
            TF_DeleteGraph(graph);
            throw e;
        } finally {
            TF_DeleteStatus(status);
        }
    }

    static NativeSession ofSavedModel(String what, Path directory, List<String> tags, byte[] config) {
        TensorFlowRuntime.load();
        TF_Status status = TF_NewStatus();
        TF_Graph graph = TF_NewGraph();
        BytePointer[] tagBytes = tags.stream().map(BytePointer::new).toArray(BytePointer[]::new);
        try (var path = new BytePointer(directory.toString(), StandardCharsets.UTF_8);
                var tagPointers = new PointerPointer<BytePointer>(tagBytes)) {
            TF_SessionOptions options = options(what, config, status);
            try {
                TF_Session session = TF_LoadSessionFromSavedModel(
                        options,
                        /* run_options= */ null,
                        path,
                        tagPointers,
                        tagBytes.length,
                        graph,
                        /* meta_graph_def= */ null,
                        status);
                check(what, status);
                return new NativeSession(graph, session);
            } finally {
                TF_DeleteSessionOptions(options);
            }
        } catch (RuntimeException e) {
            TF_DeleteGraph(graph);
            throw e;
        } finally {
            for (BytePointer tag : tagBytes) {
                tag.close();
            }
            TF_DeleteStatus(status);
        }
    }

    static void importGraph(String what, TF_Graph graph, byte[] graphDef, TF_Status status) {
        var importOptions = TF_NewImportGraphDefOptions();
        try (var bytes = new BytePointer(graphDef)) {
            TF_Buffer buffer = TF_NewBufferFromString(bytes, graphDef.length);
            try {
                TF_GraphImportGraphDef(graph, buffer, importOptions, status);
            } finally {
                TF_DeleteBuffer(buffer);
            }
        } finally {
            TF_DeleteImportGraphDefOptions(importOptions);
        }
        check(what, status);
    }

    private static TF_SessionOptions options(String what, byte[] config, TF_Status status) {
        TF_SessionOptions options = TF_NewSessionOptions();
        try (var bytes = new BytePointer(config)) {
            TF_SetConfig(options, bytes, config.length, status);
            check(what, status);
            return options;
        } catch (RuntimeException e) {
            TF_DeleteSessionOptions(options);
            throw e;
        }
    }

    /** An output of an operation, which belongs to the graph. */
    record Endpoint(TF_Operation operation, int index) {}

    /** Finds an operation of the graph. */
    TF_Operation operation(String what, String name) {
        TF_Operation operation = TF_GraphOperationByName(graph, name);
        if (operation == null || operation.isNull()) {
            throw new ProgramException(what, "its graph has no operation '%s'".formatted(name));
        }
        return operation;
    }

    /** Finds the tensor that a signature means; native code would read beyond the end of one that is not there. */
    Endpoint endpoint(String what, TensorInfo tensor) {
        TF_Operation operation = TF_GraphOperationByName(graph, GraphNames.operationOf(tensor.getName()));
        int index = GraphNames.indexOf(tensor.getName());
        if (operation == null || operation.isNull() || index < 0 || index >= TF_OperationNumOutputs(operation)) {
            throw new ProgramException(what, "its graph has no tensor '%s'".formatted(tensor.getName()));
        }
        try (var output = new TF_Output(1).oper(operation).index(index)) {
            DataType found = DataType.forNumber(TF_OperationOutputType(output));
            if (found != tensor.getDtype()) {
                throw new ProgramException(
                        what,
                        "expected tensor '%s' to be %s, as its signature says, found %s"
                                .formatted(tensor.getName(), tensor.getDtype(), found));
            }
        }
        return new Endpoint(operation, index);
    }

    TF_Session handle() {
        return session;
    }

    /** Ends the loops and the waits of all runs that are under way, and refuses others; not what computes. */
    void cut() {
        TF_Status status = TF_NewStatus();
        try {
            TF_CloseSession(session, status);
        } finally {
            TF_DeleteStatus(status);
        }
    }

    /** Throws if a call failed, with at most so much of TensorFlow's message that no data spills into a log. */
    static void check(String what, TF_Status status) {
        if (TF_GetCode(status) != TF_OK) {
            throw new ProgramException(what, messageOf(status));
        }
    }

    /** Returns the failure of a run, which says whether it is that of what was fed. */
    static ProgramException failedRun(String what, TF_Status status) {
        String message = TF_Message(status).getString(StandardCharsets.UTF_8);
        String reason = "expected TensorFlow to run it, found an error: %s. Mend the program, or what it is fed with"
                .formatted(clamped(message));
        int code = TF_GetCode(status);
        boolean isOfInput = code == TF_INVALID_ARGUMENT || code == TF_OUT_OF_RANGE || code == TF_DATA_LOSS;
        return isOfInput && !OF_PROGRAM.matcher(message).find()
                ? ProgramException.ofInput(what, reason, clamped(sentenceOf(message)))
                : new ProgramException(what, reason);
    }

    /** Returns what TensorFlow says without where in the graph it says so; of several errors the first. */
    static String sentenceOf(String message) {
        Matcher first = FIRST_OF_SEVERAL.matcher(message);
        String error = first.lookingAt() ? message.substring(first.end()) : message;
        int trail = error.indexOf("\n\t [[");
        return GRAPH_PLACE
                .matcher(trail < 0 ? error : error.substring(0, trail))
                .replaceAll(" ")
                .strip();
    }

    static String messageOf(TF_Status status) {
        return clamped(TF_Message(status).getString(StandardCharsets.UTF_8));
    }

    /** Returns the beginning of what TensorFlow says: it may say as much as there is data. */
    static String clamped(String message) {
        return message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE) + "…";
    }

    @Override
    public void close() {
        TF_Status status = TF_NewStatus();
        try {
            TF_CloseSession(session, status);
            TF_DeleteSession(session, status);
            TF_DeleteGraph(graph);
        } finally {
            TF_DeleteStatus(status);
        }
    }
}
