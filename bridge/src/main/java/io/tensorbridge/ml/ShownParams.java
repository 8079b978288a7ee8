package io.tensorbridge.ml;

import io.tensorbridge.tensor.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamPair;
import org.apache.spark.ml.param.Params;

/** Maps of params as people read them: {@code {program=mobilenet, regParam=0.1}}. */
final class ShownParams {

    private ShownParams() {}

    /** Returns the maps with short names, where these are of one param alone, and values as strings; by name. */
    static List<Map<String, String>> of(ParamMap[] maps) {
        Map<String, Set<String>> parents = new HashMap<>();
        Map<Object, Set<String>> programs = new HashMap<>();
        for (ParamMap map : maps) {
            for (ParamPair<?> pair : map.toList()) {
                parents.computeIfAbsent(pair.param().name(), name -> new HashSet<>())
                        .add(pair.param().parent());
                if (pair.value() instanceof Program program) {
                    programs.computeIfAbsent(program.name(), name -> new HashSet<>())
                            .add(program.sha256());
                }
            }
        }
        List<Map<String, String>> all = new ArrayList<>();
        for (ParamMap map : maps) {
            Map<String, String> shown = new TreeMap<>();
            for (ParamPair<?> pair : map.toList()) {
                Param<?> param = pair.param();
                boolean isAlone = parents.getOrDefault(param.name(), Set.of()).size() == 1;
                String name = isAlone ? param.name() : param.parent() + "." + param.name();
                boolean isNamed = pair.value() instanceof Program program
                        && programs.getOrDefault(program.name(), Set.of()).size() == 1;
                shown.put(name, isNamed ? ((Program) pair.value()).name() : show(pair.value()));
            }
            all.add(shown);
        }
        return all;
    }

    private static String show(Object value) {
        if (value instanceof Params params) {
            return params.uid();
        }
        if (value instanceof Object[] array) {
            return Arrays.stream(array).map(ShownParams::show).toList().toString();
        }
        if (value.getClass().isArray()) {
            String shown = Arrays.deepToString(new Object[] {value});
            return shown.substring(1, shown.length() - 1);
        }
        return String.valueOf(value);
    }
}
