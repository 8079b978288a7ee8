package io.tensorbridge;

import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.mapRows;
import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import io.tensorbridge.tensor.SignatureMismatchException;
import java.util.List;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** What is said of calls that do not fit, when a query is analysed, and of operations that cannot be functions. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SqlFunctionFailuresTest {

    private static final String SCORE = "score(features DT_FLOAT[?, 4], bias DT_FLOAT[?])";
    private static final String TABLE = """
             from values (array(1D, 2D), 1L, 2, date'2020-01-01', timestamp'2020-01-01 00:00:00',
               timestamp_ntz'2020-01-01 00:00:00', named_struct('a', 1f), map('a', 1f), array(1f, 2f), null, 'x', 1.5)
               as t(doubles, l, i, d, ts, ntz, st, m, floats, nil, s, dec)""";

    private static Program score() {
        return Program.build(tf -> {
            var features = placeholder(tf, "features", TFloat32.class, Shape.of(-1, 4));
            var bias = placeholder(tf, "bias", TFloat32.class, Shape.of(-1));
            return outputs("label", tf.math.add(tf.reduceSum(features, tf.constant(1)), bias));
        });
    }

    @BeforeEach
    void register(SparkSession spark) {
        TensorFrames.register(spark, "score", score());
        TensorFrames.register(spark, "both", SqlFunctionsTest.both());
        TensorFrames.register(spark, "plus", Programs.plusThree());
    }

    static List<Arguments> calls() {
        return List.of(
                call("score(doubles, 1f)", """
                        input 'features': expected DT_FLOAT[?, 4], found argument 'features' of DT_DOUBLE[?, ?]. Cast it: CAST(doubles AS ARRAY<FLOAT>)"""),
                call("score(doubles, l + 1)", """
                        input 'features': expected DT_FLOAT[?, 4], found argument 'features' of DT_DOUBLE[?, ?]. Cast it: CAST(doubles AS ARRAY<FLOAT>)
                          - input 'bias': expected DT_FLOAT[?], found argument 'bias' of DT_INT64[?]. Cast it: CAST((l + 1) AS FLOAT)"""),
                call("score(floats, 1.5)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type decimal(2,1), which no tensor can hold. Cast it: CAST(1.5 AS FLOAT)"""),
                call("score(floats, s)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of DT_STRING[?]. Cast it: CAST(s AS FLOAT)"""),
                call("score(floats, d)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type date, which no tensor can hold. Make days since 1970 of it: CAST(unix_date(d) AS FLOAT)"""),
                call("score(floats, ts)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type timestamp, which no tensor can hold. Cast it to seconds since 1970: CAST(ts AS FLOAT)"""),
                call("score(floats, ntz)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type timestamp_ntz, which no tensor can hold. Cast it to seconds since 1970: CAST(CAST(ntz AS TIMESTAMP) AS FLOAT)"""),
                call("score(floats, st)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type struct<a:float>, which no tensor can hold. Pass a field of it: st.…"""),
                call("score(floats, m)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type map<string,float>, which no tensor can hold. Pass its values: map_values(m)"""),
                call("score(floats, nil)", """
                        input 'bias': expected DT_FLOAT[?], found argument 'bias' of type void, which no tensor can hold. Pass numbers, booleans, strings, binaries, or arrays of these"""),
                call("score(array(floats), 1f)", """
                        input 'features': expected DT_FLOAT[?, 4], found argument 'features' of DT_FLOAT[?, ?, ?]. Run a program over cells with mapRows, or feed a column of cells of that shape"""));
    }

    private static Arguments call(String call, String mismatches) {
        return Arguments.of(call, mismatches);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void saysAllThatDoesNotFit(String call, String mismatches, SparkSession spark) {
        assertThatThrownBy(() -> spark.sql("select " + call + TABLE))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("Cannot call %s:\n  - %s".formatted(SCORE, mismatches));
    }

    @Test
    void saysHowManyArgumentsThereAre(SparkSession spark) {
        assertThatThrownBy(() -> spark.sql("select score(floats)" + TABLE))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("Cannot call function 'score': expected " + SCORE
                        + ", found 1 argument. Give one argument for each input, in this order");
        assertThatThrownBy(() -> spark.sql("select plus()"))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(
                        "Cannot call function 'plus': expected plus(x DT_DOUBLE[?]), found 0 arguments. Give one argument for each input, in this order");
    }

    @Test
    void refusesVariablesOfLambdaFunctions(SparkSession spark) {
        assertThatThrownBy(() -> spark.sql("select transform(doubles, x -> plus(x + 1))" + TABLE))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage(
                        "Cannot call function 'plus' in a lambda function: expected arguments that rows have, found a variable of the lambda function. Make rows of the array with explode(…)");
    }

    @Test
    void refusesOuterJoinsThatNeedBothSides(SparkSession spark) {
        String query = """
                select * from (select cast(id as double) as x from range(3)) a
                left join (select cast(id as double) as y from range(3)) b on both(a.x, b.y).total > 2
                """;
        assertThatThrownBy(() -> spark.sql(query).collectAsList())
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Cannot call 'both' in the condition of a left outer join: expected arguments from one side, found both(x, y). Call it in a subquery, and refer to its column");
    }

    @Test
    void leavesToSparkWhatNoFunctionMayBe(SparkSession spark) {
        TensorFrames.register(spark, "noise", Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            return outputs("z", tf.math.add(x, tf.random.randomUniform(tf.shape(x), TFloat64.class)));
        }));
        assertThatThrownBy(() -> spark.sql("select avg(noise(cast(id as double))) from range(3)"))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION");
        assertThatThrownBy(() -> spark.sql("select plus(distinct cast(id as double)) from range(3)"))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("DISTINCT");
        assertThatThrownBy(() -> spark.sql("select * from values (plus(1D))").collectAsList())
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("INVALID_INLINE_TABLE");
        assertThatThrownBy(() -> spark.sql("create view kept as select plus(1D)"))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("INVALID_TEMP_OBJ_REFERENCE");
    }

    @Test
    void failsOnNullsWithTheNameOfTheColumn(SparkSession spark) {
        assertThatThrownBy(() -> spark.sql("select plus(y) from values (1D), (null) as t(y)")
                        .collectAsList())
                .rootCause()
                .hasMessageContaining("Cannot feed column 'y': ");
    }

    @Test
    void registersNothingThatCannotBeAFunction(SparkSession spark) {
        assertThatThrownBy(() -> TensorFrames.register(
                        spark,
                        "f",
                        mapBlocks(score())
                                .trim()
                                .onNull(NullPolicy.dropRow())
                                .asVector("label")
                                .feed("feature", "x")
                                .shape("pixels", 2)))
                .isInstanceOf(SignatureMismatchException.class)
                .hasMessage("""
                        Cannot register program '%s' as function 'f':
                          - trim(): expected an operation that gives a value for each row. Leave it out
                          - asVector(…), asMatrix(…): expected results that are arrays, found columns [label] to be others. Leave it out, and call array_to_vector(…) on the result
                          - onNull(…): expected fail() or fill(…), found dropRow(), for a function gives a value for each row. Leave rows out in SQL: WHERE … IS NOT NULL
                          - input 'feature': expected one of the inputs [features, bias], found no input of that name. Mend feed("feature", "x")
                          - shape("pixels", …): expected a column that is fed or new, found 'pixels' to be neither. Mend the name, or leave it out""".formatted(score().name()));
        assertThatThrownBy(() -> TensorFrames.register(spark, " ", mapRows(score())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid function name: must not be blank, found ' '");
    }
}
