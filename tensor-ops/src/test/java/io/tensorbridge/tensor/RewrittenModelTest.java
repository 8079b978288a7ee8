package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.model.internal.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat64;

/** What is special about rewriting saved models: their variables, and the rest of their files. */
@ExtendWith(NativeMemoryExtension.class)
class RewrittenModelTest {

    @TempDir
    static Path models;

    /**
     * Makes a model of the cells x and unused, {@code z = x + v} and {@code both = x + z}, with a variable v = 7. Once,
     * before any test: TensorFlow Java's exporter leaves a handle open.
     */
    @BeforeAll
    static void export() throws IOException {
        export("withoutHandle", Shape.scalar(), (tf, v) -> v);
        export("ofBlocks", Shape.of(-1), (tf, v) -> v);
        export("withHandle", Shape.scalar(), (tf, v) -> {
            var handle = tf.varHandleOp(TFloat64.class, Shape.scalar());
            tf.withName("init").assignVariableOp(handle, v);
            return tf.readVariableOp(handle, TFloat64.class);
        });
        // the exporter saves variables without a handle only, so the other is assigned when the model is loaded
        Path file = models.resolve("withHandle").resolve(ModelFiles.SAVED_MODEL);
        var saved = SavedModel.parseFrom(Files.readAllBytes(file)).toBuilder();
        var init = SignatureDef.newBuilder()
                .putOutputs(
                        "__saved_model_init_op",
                        TensorInfo.newBuilder().setName("init").build());
        saved.getMetaGraphsBuilder(0).putSignatureDef("__saved_model_init_op", init.build());
        Files.write(file, saved.build().toByteArray());
    }

    private static void export(String name, Shape shape, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> value)
            throws IOException {
        try (var graph = new Graph()) {
            Ops tf = Ops.create(graph);
            var v = tf.withName("v").variable(Shape.scalar(), TFloat64.class);
            var assign = tf.assign(v, tf.constant(7.0));
            var x = tf.withName("x").placeholder(TFloat64.class, Placeholder.shape(shape));
            var unused = tf.placeholder(TFloat64.class, Placeholder.shape(shape));
            var z = tf.math.add(x, value.apply(tf, v));
            try (var session = new Session(graph)) {
                session.runner().addTarget(assign).run().close();
                SavedModelBundle.exporter(models.resolve(name).toString())
                        .withTags("serve")
                        .withSession(session)
                        .withSignature(Signature.builder()
                                .key("serving_default")
                                .input("x", x)
                                .input("unused", unused)
                                .output("z", z)
                                .output("both", tf.math.add(x, z))
                                .build())
                        .export();
            }
        }
    }

    /** Feeds 1, 2, 3 to every input. */
    private static List<Double> run(Program program, String output, BufferAllocator allocator) {
        List<Feed> feeds = program.signature().inputs().stream()
                .map(input -> Feed.of(input.name(), input.name()))
                .toList();
        var fetch = Fetch.of(output, ElementType.FLOAT64.field(output, 0));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, List.of(fetch), allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, 1, 2, 3);
                var out = runner.run(List.of(x))) {
            var column = (Float8Vector) out.getVector(output);
            return IntStream.range(0, out.getRowCount()).mapToObj(column::get).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"withoutHandle", "withHandle"})
    void readsItsVariablesInEveryRow(String name, BufferAllocator allocator) {
        Program model = Program.fromSavedModel(models.resolve(name));
        Program program = ProgramRewrites.overRows(model);
        assertThat(program.signature())
                .hasToString(
                        "ProgramSignature[inputs=[x: DT_DOUBLE[?]], outputs=[both: DT_DOUBLE[?], z: DT_DOUBLE[?]]]");
        assertThat(program.name()).isEqualTo(name);
        assertThat(program.copiesInputsBecauseOf()).isEmpty();
        assertThat(program.sha256()).isNotEqualTo(model.sha256());
        assertThat(program.files().paths()).isEqualTo(model.files().paths());
        assertThat(program.files().digest())
                .isNotEqualTo(model.files().digest())
                .isEqualTo(model.files()
                        .with(ModelFiles.SAVED_MODEL, program.files().bytes(ModelFiles.SAVED_MODEL))
                        .digest());
        assertThat(ProgramRewrites.overRows(Program.fromSavedModel(models.resolve(name))))
                .isEqualTo(program);
        assertThat(run(program, "z", allocator)).containsExactly(8.0, 9.0, 10.0);
        assertThat(run(program, "both", allocator)).containsExactly(9.0, 11.0, 13.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"withoutHandle", "withHandle"})
    void readsItsVariablesForEveryPair(String name, BufferAllocator allocator) {
        Program program = ProgramRewrites.pairs(
                Program.fromSavedModel(models.resolve(name)).restrictedTo(List.of("z")),
                List.of(new ProgramRewrites.Pair("unused", "x", "z")));
        assertThat(program.signature())
                .hasToString("ProgramSignature[inputs=[z_input: DT_DOUBLE[?]], outputs=[z: DT_DOUBLE[?]]]");
        assertThat(run(program, "z", allocator)).containsExactly(2 + 7.0, 3.0);
    }

    @Test
    void readsItsVariablesForEveryGroup(BufferAllocator allocator) {
        Program program = ProgramRewrites.stacked(Program.fromSavedModel(models.resolve("ofBlocks")));
        assertThat(program.signature())
                .hasToString(
                        "ProgramSignature[inputs=[unused: DT_DOUBLE[?], x: DT_DOUBLE[?], tensorbridge_groups: DT_INT32[?, ?]], "
                                + "outputs=[both: DT_DOUBLE[?, ?], z: DT_DOUBLE[?, ?]]]");
        Feed groupsFeed = new Feed.Dense(ProgramRewrites.GROUPS, Feed.Column.of(1, "groups"), Optional.empty());
        List<Feed> feeds = List.of(Feed.of("unused", "x"), Feed.of("x", "x"), groupsFeed);
        var fetch = Fetch.of("z", ElementType.FLOAT64.field("z", 1));
        try (var session = ProgramSession.load(program, SessionOptions.onCallingThread(1));
                var runner = session.runner(program, feeds, List.of(fetch), allocator, new TransferLedger());
                var x = Vectors.doubles("x", allocator, 1, 2, 3);
                var groups = Vectors.counting(ElementType.INT32, 3, new int[] {1}, allocator);
                var out = runner.run(List.of(x, groups))) {
            assertThat(out.getVector("z").getObject(2)).isEqualTo(List.of(3 + 7.0));
        }
    }

    @Test
    void hasNoSegmentedForm() {
        assertThat(ProgramRewrites.segmented(Program.fromSavedModel(models.resolve("withHandle"))))
                .isEmpty();
    }
}
