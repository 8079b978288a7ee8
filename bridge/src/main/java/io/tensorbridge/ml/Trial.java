package io.tensorbridge.ml;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamPair;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * One map of params over a pipeline, whose stages fall into two: transformers at its beginning, which need no fitting, and
 * the rest.
 */
final class Trial {

    private final int index;
    private final List<PipelineStage> stages;
    private final ParamMap params;
    private final Map<String, String> shown;
    private final int transformers;

    private Trial(int index, List<PipelineStage> stages, ParamMap params, Map<String, String> shown) {
        this.index = index;
        this.stages = stages;
        this.params = params;
        this.shown = shown;
        int leading = 0;
        while (leading < stages.size() && stages.get(leading) instanceof Transformer) {
            leading++;
        }
        this.transformers = leading;
    }

    /**
     * Returns the trial of a map. Pipelines that stand before the first estimator are taken apart, so that their first
     * transformers are shared as well.
     *
     * @param estimator a pipeline, or a single estimator
     * @param index the map's position among all
     * @param shown the map as it is shown
     */
    static Trial of(Estimator<?> estimator, int index, ParamMap map, Map<String, String> shown) {
        if (!(estimator instanceof Pipeline pipeline)) {
            return new Trial(index, List.of(estimator), map, shown);
        }
        List<PipelineStage> stages = new ArrayList<>();
        // the rest is a pipeline of its own, which is not to become the whole again
        ParamMap others = map.copy();
        addStages(pipeline, others, stages);
        return new Trial(index, List.copyOf(stages), others, shown);
    }

    /** Adds a pipeline's stages, and those of the pipelines that it begins with in their place, whose params are used up. */
    private static void addStages(Pipeline pipeline, ParamMap map, List<PipelineStage> stages) {
        PipelineStage[] own = map.contains(pipeline.stages()) ? map.apply(pipeline.stages()) : pipeline.getStages();
        map.remove(pipeline.stages());
        for (PipelineStage stage : own) {
            boolean isLeading = stages.stream().allMatch(Transformer.class::isInstance);
            if (isLeading && stage instanceof Pipeline inner) {
                addStages(inner, map, stages);
            } else {
                stages.add(stage);
            }
        }
    }

    int index() {
        return index;
    }

    Map<String, String> shown() {
        return shown;
    }

    /** Returns how many transformers there are before the first estimator. */
    int transformers() {
        return transformers;
    }

    /** Returns the transformer at a position, with this trial's params. */
    Transformer transformer(int position) {
        return (Transformer) stages.get(position).copy(params);
    }

    /**
     * Returns what tells the transformer at a position from that of another trial: the stage, and those of the params that may
     * be its own. One that belongs to no stage here may be hidden in any.
     */
    StageKey key(int position) {
        Set<String> own = ParamTree.of(stages.get(position)).uids();
        Set<String> known = new HashSet<>();
        stages.forEach(stage -> known.addAll(ParamTree.of(stage).uids()));
        List<Setting> settings = new ArrayList<>();
        for (ParamPair<?> pair : params.toList()) {
            String parent = pair.param().parent();
            if (own.contains(parent) || !known.contains(parent)) {
                settings.add(new Setting(pair.param().toString(), pair.value()));
            }
        }
        settings.sort((one, other) -> one.param().compareTo(other.param()));
        return new StageKey(stages.get(position), settings);
    }

    /** Returns what stands in the params of some of the stages, and in the map. */
    ParamTree params(int from, int until) {
        ParamTree tree = ParamTree.of(params);
        stages.subList(from, until).forEach(tree::visit);
        return tree;
    }

    int stages() {
        return stages.size();
    }

    /** Fits the rest, to what the transformers give. */
    PipelineModel fitRest(Dataset<Row> features) {
        PipelineStage[] rest = stages.subList(transformers, stages.size()).toArray(PipelineStage[]::new);
        return new Pipeline().setStages(rest).fit(features, params);
    }

    /** Returns what a fitted rest gives. */
    Dataset<Row> transformRest(PipelineModel rest, Dataset<Row> features) {
        return rest.transform(features, params);
    }

    /** Returns the model of all stages; runs nothing. */
    PipelineModel model(PipelineModel rest, Dataset<?> input) {
        List<PipelineStage> all = new ArrayList<>();
        for (int i = 0; i < transformers; i++) {
            all.add(transformer(i));
        }
        all.addAll(Arrays.asList(rest.stages()));
        return new Pipeline().setStages(all.toArray(PipelineStage[]::new)).fit(input);
    }

    /** A stage and what is set on it. Stages are told apart by identity. */
    record StageKey(PipelineStage stage, List<Setting> settings) {}

    /** A param with a value, where arrays are equal if what they hold is. */
    record Setting(String param, Object value) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Setting setting
                    && param.equals(setting.param)
                    && Objects.deepEquals(value, setting.value);
        }

        @Override
        public int hashCode() {
            return 31 * param.hashCode() + Arrays.deepHashCode(new Object[] {value});
        }
    }
}
