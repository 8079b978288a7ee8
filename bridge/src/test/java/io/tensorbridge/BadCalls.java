package io.tensorbridge;

import static io.tensorbridge.BadInput.driver;
import static io.tensorbridge.TensorFrames.mapBlocks;

import io.tensorbridge.tensor.Devices;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SessionOptions;
import io.tensorbridge.tensor.TensorValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/** Functions of SQL that do not fit, values to warm up with that do not, and devices that are not there. */
final class BadCalls {

    private static final Program PLUS = Programs.plusThree().named("plus");

    private BadCalls() {}

    static List<BadInput> cases() {
        List<BadInput> cases = new ArrayList<>(
                List.of(
                        driver(
                                72,
                                "an operation as a function that feeds what is no input",
                                spark -> TensorFrames.register(
                                        spark, "plus", mapBlocks(PLUS).feed("y", "a")),
                                "Cannot register program 'plus' as function 'plus':\n  - input 'y': expected one of the inputs [x], found no input of that name. Mend feed(\"y\", \"a\")"),
                        driver(
                                72,
                                "a function without its argument",
                                registered("select plus() from range(3)"),
                                "Cannot call function 'plus': expected plus(x DT_DOUBLE[?]), found 0 arguments. Give one argument for each input, in this order"),
                        driver(
                                72,
                                "a function of another type than its argument",
                                registered("select plus(id) from range(3)"),
                                "Cannot call plus(x DT_DOUBLE[?]):\n  - input 'x': expected DT_DOUBLE[?], found argument 'x' of DT_INT64[?]. Cast it: CAST(id AS DOUBLE)"),
                        driver(
                                72,
                                "a function of what a lambda function counts",
                                registered("select transform(array(1D), x -> plus(x)) from range(3)"),
                                "Cannot call function 'plus' in a lambda function: expected arguments that rows have, found a variable of the lambda function. Make rows of the array with explode(…)"),
                        driver(
                                44,
                                "no value to warm up with",
                                spark -> PLUS.warmUp(Map.of()),
                                "Cannot warm up program 'plus':\n  - input 'x': expected DT_DOUBLE[?], found no value. Mend warmUp(…)"),
                        driver(
                                44,
                                "a value of another type to warm up with",
                                spark -> PLUS.warmUp(Map.of("x", TensorValue.of(Shape.of(1), 1f))),
                                "Cannot warm up program 'plus':\n  - input 'x': expected DT_DOUBLE[?], found DT_FLOAT[1]. Mend warmUp(…)")));
        List<String> devices = Devices.names(SessionOptions.onCallingThread(1));
        if (devices.stream().noneMatch(name -> name.startsWith("GPU"))) { // else it is there
            cases.add(driver(
                    73,
                    "a GPU that is not there",
                    spark -> {
                        spark.conf().set(TensorFramesOptions.DEVICE, "gpu");
                        try {
                            mapBlocks(PLUS).apply(spark.range(3).selectExpr("double(id) as x"));
                        } finally {
                            spark.conf().unset(TensorFramesOptions.DEVICE);
                        }
                    },
                    "Cannot run programs on a GPU: expected device GPU:0, found %s. Set spark.tensorbridge.device to cpu, or run where there is a GPU, with a -gpu classifier of tensorflow-core-native on the class path"
                            .formatted(devices)));
        }
        return cases;
    }

    private static BadInput.Attempt registered(String query) {
        return spark -> {
            TensorFrames.register(spark, "plus", PLUS);
            try {
                spark.sql(query).collectAsList();
            } finally {
                spark.sql("drop temporary function plus");
            }
        };
    }
}
