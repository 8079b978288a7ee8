package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.param.ParamPair;
import org.apache.spark.ml.param.Params;

/** A stage with the stages inside of it: whose params they are, and what strings and inputs of programs are set or stand by default. */
final class ParamTree {

    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<String> uids = new HashSet<>();
    private final Set<String> strings = new HashSet<>();

    /** Returns what can be reached from a value: a stage, a collection, a string. */
    static ParamTree of(Object value) {
        var tree = new ParamTree();
        tree.visit(value);
        return tree;
    }

    Set<String> uids() {
        return uids;
    }

    Set<String> strings() {
        return strings;
    }

    private void visit(Object value) {
        if (value instanceof String string) {
            strings.add(string);
        } else if (value instanceof Program program) {
            // what is not fed otherwise is fed with the column of its name
            program.signature().inputs().forEach(input -> strings.add(input.name()));
        } else if (value instanceof Object[] array) {
            for (Object item : array) {
                visit(item);
            }
        } else if (value instanceof Iterable<?> items) {
            items.forEach(this::visit);
        } else if (value instanceof Map<?, ?> map) {
            visit(map.keySet());
            visit(map.values());
        } else if (value instanceof Params params && seen.add(params)) {
            uids.add(params.uid());
            for (ParamPair<?> pair : params.extractParamMap().toList()) {
                visit(pair.value());
            }
            if (params instanceof PipelineModel pipeline) {
                visit(pipeline.stages());
            }
        }
    }
}
