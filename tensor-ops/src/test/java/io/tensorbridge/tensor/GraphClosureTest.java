package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat64;

class GraphClosureTest {

    /** {@code sum = split:1 + x}, which waits for x and for {@code split}, whose source is {@code table}. */
    private static final GraphDef GRAPH = TextGraphs.graph("""
            node { name: "x" op: "Placeholder" }
            node { name: "table" op: "Const" }
            node { name: "split" op: "Split" input: "table" }
            node { name: "first" op: "Neg" input: "split" input: "^x" }
            node { name: "sum" op: "AddV2" input: "split:1" input: "x" input: "^x" }
            node { name: "late" op: "Neg" input: "x" input: "^split" }
            """);

    private static List<String> nodes(GraphClosure closure) {
        return closure.nodes().stream().map(NodeDef::getName).toList();
    }

    @Test
    void followsAllThatTensorsNeed() {
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("sum")))).containsExactly("x", "table", "split", "sum");
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("^first", "x:0"))))
                .containsExactly("x", "table", "split", "first");
    }

    @Test
    void stopsAtWhatIsFedAndSaysWhatOfItIsUsed() {
        Set<String> used = new HashSet<>();
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("sum:0"), Set.of("x:0", "split:1", "split:0"), used)))
                .containsExactly("sum");
        assertThat(used).containsExactlyInAnyOrder("x:0", "split:1");
    }

    @Test
    void feedsOneOutputOfAnOperationAlone() {
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("sum", "first"), Set.of("x:0", "split:1"))))
                .containsExactly("table", "split", "first", "sum");
    }

    /** TensorFlow runs what is waited for though its tensor is fed, unless it is a placeholder, which cannot be run. */
    @Test
    void waitsForWhatIsFed() {
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("late"), Set.of("x:0", "split:0", "split:1"))))
                .containsExactly("table", "split", "late");
        assertThat(nodes(GraphClosure.of(GRAPH, List.of("first"), Set.of("x:0", "split:0"))))
                .containsExactly("first");
    }

    /** What {@link #waitsForWhatIsFed} says of TensorFlow. */
    @Test
    void waitsAsTensorFlowDoes() {
        GraphDef waiting = TextGraphs.graph("""
                node { name: "y" op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } } }
                node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_DOUBLE } } }
                node { name: "fed" op: "Neg" input: "y" attr { key: "T" value { type: DT_DOUBLE } } }
                node { name: "z" op: "Neg" input: "x" input: "^x" attr { key: "T" value { type: DT_DOUBLE } } }
                node { name: "late" op: "Neg" input: "x" input: "^fed" attr { key: "T" value { type: DT_DOUBLE } } }
                versions { producer: 1882 }
                """);
        TensorFlowRuntime.load();
        try (var graph = new Graph();
                var one = TFloat64.scalarOf(1)) {
            graph.importGraphDef(waiting);
            try (var session = new Session(graph)) {
                session.runner().feed("x", one).fetch("z").run().close();
                assertThatThrownBy(() -> session.runner()
                                .feed("x", one)
                                .feed("fed", one)
                                .fetch("late")
                                .run())
                        .hasMessageContaining("You must feed a value for placeholder tensor 'y'");
            }
        }
    }
}
