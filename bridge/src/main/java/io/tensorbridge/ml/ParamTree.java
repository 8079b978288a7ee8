package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import io.tensorbridge.train.graph.TrainingProgram;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.classification.OneVsRestModel;
import org.apache.spark.ml.feature.RFormulaModel;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamPair;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.TrainValidationSplitModel;

/** Stages with the stages inside of them: whose params they are, and what strings and inputs of programs are set or stand by default. */
final class ParamTree {

    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<String> uids = new HashSet<>();
    private final Set<String> strings = new HashSet<>();
    private boolean isWhole = true;

    /** Returns what can be reached from a value: a stage, a map of params, a collection, a string. */
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

    /**
     * Returns whether params tell all: a transformer of neither Spark's nor this library's, such as a model that was fitted by
     * others, may hold stages and names of columns that no param shows.
     */
    boolean isWhole() {
        return isWhole;
    }

    /** Returns whether a column's name stands in one of the strings, in whichever case, as part of an expression perhaps. */
    boolean mentions(String column) {
        String name = column.toLowerCase(Locale.ROOT);
        String quoted = HiddenColumns.quoted(name);
        return strings.stream()
                .map(string -> string.toLowerCase(Locale.ROOT))
                .anyMatch(string -> string.contains(name) || string.contains(quoted));
    }

    /** Adds all that another has. */
    void add(ParamTree other) {
        uids.addAll(other.uids);
        strings.addAll(other.strings);
        isWhole &= other.isWhole;
    }

    /** Adds what can be reached from a value. */
    void visit(Object value) {
        if (value instanceof String string) {
            strings.add(string);
        } else if (value instanceof Program program) {
            // what is not fed otherwise is fed with the column of its name
            program.signature().inputs().forEach(input -> strings.add(input.name()));
        } else if (value instanceof TrainingProgram program) {
            program.inputs().forEach(input -> strings.add(input.name()));
        } else if (value instanceof Object[] array) {
            for (Object item : array) {
                visit(item);
            }
        } else if (value instanceof Iterable<?> items) {
            items.forEach(this::visit);
        } else if (value instanceof Map<?, ?> map) {
            visit(map.keySet());
            visit(map.values());
        } else if (value instanceof ParamMap map) {
            for (ParamPair<?> pair : map.toList()) {
                visit(pair.value());
            }
        } else if (value instanceof Params params && seen.add(params)) {
            uids.add(params.uid());
            visit(params.extractParamMap());
            visitInside(params);
        }
    }

    private void visitInside(Params stage) {
        if (stage instanceof PipelineModel pipeline) {
            visit(pipeline.stages());
        } else if (stage instanceof CrossValidatorModel model) {
            visit(model.bestModel());
        } else if (stage instanceof TrainValidationSplitModel model) {
            visit(model.bestModel());
        } else if (stage instanceof PipelineTunerModel model) {
            visit(model.bestModel());
        } else if (stage instanceof OneVsRestModel model) {
            visit(model.models());
        } else if (stage instanceof RFormulaModel model) {
            visit(model.pipelineModel());
        } else if (stage instanceof Transformer) {
            String home = stage.getClass().getPackageName();
            isWhole &= home.startsWith("org.apache.spark.ml.") || home.equals(ParamTree.class.getPackageName());
        }
    }
}
