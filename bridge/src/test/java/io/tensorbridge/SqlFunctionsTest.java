package io.tensorbridge;

import static io.tensorbridge.TensorFrames.outputs;
import static io.tensorbridge.TensorFrames.placeholder;
import static org.apache.spark.sql.functions.udf;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.NativeMemoryExtension;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Calls of programs wherever SQL takes an expression, against functions of Java that compute the same. */
@ExtendWith({SparkExtension.class, NativeMemoryExtension.class})
class SqlFunctionsTest {

    static List<String> queries() {
        return List.of(
                "select plus(x) from t",
                "select x, plus(x) as z, k from t",
                "select plus(x) + plus(x) * 2, plus(x + 1), -plus(-x) from t",
                "select plus(plus(plus(x))) from t",
                "select plus(1D), plus(2D) + x from t",
                "select plus(1D)",
                "select both(x, y) from t",
                "select both(x, y).total, both(y, x).difference from t",
                "select both(plus(x), y).total, plus(both(x, y).difference) from t",
                "select b.total + b.difference from (select both(x, y) as b from t)",
                "select x from t where plus(x) > 100",
                "select plus(x) from t where plus(x) > 100 and k = 3",
                "select * from (select x, plus(x) as z from t) where z > 50 and z < 60",
                "select x from n where n is not null and plus(n) > 20",
                "select x from t where plus(x) > 100 or k = 2",
                "select x from t where plus(x) between 50 and both(x, y).total",
                "select case when plus(x) > 50 then plus(y) else 0 end from t",
                "select x from t order by plus(-x) limit 7",
                "select x from t order by plus(x) desc, k limit 7 offset 2",
                "select plus(x) from t order by k desc, x limit 5",
                "select plus(x) as z from t limit 700",
                "select avg(plus(x)), sum(both(x, y).total), count(1) from t",
                "select k, avg(plus(x)) from t group by k",
                "select plus(k) as g, count(1), max(x) from (select cast(k as double) as k, x from t) group by 1",
                "select plus(y) as g, count(1) from t group by plus(y) having plus(y) > 5 and count(1) > 2",
                "select plus(y) + 1, plus(plus(y)), max(plus(x)) from t group by plus(y)",
                "select plus(max(x)), plus(sum(plus(x))), plus(7D) from t",
                "select y, plus(y), plus(max(x)) + y from t group by y",
                "select k, plus(sum(x)) as s from t group by k having plus(sum(x)) > 10 order by s",
                "select count(distinct plus(x)), count(distinct k), sum(distinct plus(y)) from t",
                "select k, plus(y), sum(x) from t group by cube(k, plus(y))",
                "select k, y, sum(plus(x)) from t group by rollup(k, y)",
                "select sum(plus(x)) filter (where plus(y) > 5) from t",
                "select distinct plus(y) from t",
                "select plus(x), max(plus(x)) over (partition by plus(y) order by plus(x)) from t",
                "select x, row_number() over (order by plus(-x)) as r from t",
                "select explode(array(plus(x), plus(y))) from t",
                "select x, e from t lateral view explode(array(plus(x), y)) as e",
                "select a.x, b.x from t a join t b on plus(a.x) = b.x",
                "select a.x, b.x from t a join t b on plus(a.x) = plus(b.x) and plus(a.y) > 4",
                "select a.x, b.x from t a join t b on a.k = b.k and both(a.x, b.x).total < 60",
                "select a.x, b.x from t a left join t b on plus(a.x) = b.x and plus(b.y) > 5",
                "select a.x, b.x from t a right join t b on plus(a.x) = b.x",
                "select a.x, b.x from t a full join t b on plus(a.x) = plus(plus(b.x))",
                "select a.x, plus(b.x) from t a left join t b on a.x = b.x",
                "select a.x from t a left semi join t b on plus(a.x) = b.x",
                "select a.x from t a left anti join t b on plus(a.x) = b.x",
                "select a.x, plus(b.x) from t a cross join (select * from t where x < 3) b where plus(a.x) > b.x + 100",
                "select x from t where plus(x) in (select x from t where plus(y) > 5)",
                "select x from t where plus(x) not in (select plus(plus(x)) from t)",
                "select x from t where exists (select 1 from t u where u.x = plus(t.x) and plus(u.y) > 4)",
                "select x, (select max(plus(u.x)) from t u where u.k = t.k) from t",
                "select x, (select max(u.x) from t u where u.y = plus(t.y)) from t",
                "select plus((select max(x) from t)) + x from t",
                "select x from t where plus(x) > (select avg(plus(x)) from t)",
                "with a as (select x, plus(x) as z, k from t) select l.z, r.x from a l join a r on l.z = r.x where l.k > 2",
                "select plus(x) from t union all select both(x, y).total from t",
                "select plus(x) from t intersect select x from t",
                "select x from t except select plus(x) from t",
                "select plus(z) from (select plus(x) as z from t union all select y from t)",
                "select plus(x) from v",
                "select z from v where z > 100",
                "select z from v where plus(z) > 100",
                "select /*+ repartition(3) */ plus(x) from t",
                "select plus(x) from t distribute by plus(y) sort by plus(x)",
                "select * from (select k, plus(x) as z from t) pivot (sum(z) for k in (1, 2, 3))",
                "select x, plus(w) from (select x, y * 2 as w from t where k < 5) where w > 6",
                "select plus(e) from (select explode(v) as e from t)",
                "select l.z, r.z from (select plus(x) as z, k from t) l, (select plus(x) as z, k from t) r where l.k = r.k and l.z = r.z",
                "select a.x from t a join t b on a.x = b.x where plus(a.x) > plus(b.y) + 3",
                "select sum(plus(x)) as s from t group by k having s > (select avg(plus(x)) from t)",
                "select plus(x) as z from values (1D), (2D) as t(x)",
                "select x, z from t, lateral (select plus(t.x) + t.y as z)",
                "select plus(x) as w, plus(w) + 1 from t",
                "select both(x, y).total, count(1) from t group by both(x, y).total",
                "select x from t order by both(y, x)",
                "select x from t where both(x, y) = named_struct('total', 8D, 'difference', 2D)",
                "select coalesce(plus(x), 0), if(plus(y) is null, 1, 2) from t",
                "select a.x, b.x from t a left join t b on a.x = b.x + 150 where plus(coalesce(b.x, 0D)) > 5",
                "select k, sum(plus(x)) from t group by all",
                "select x, ntile(3) over (partition by plus(y) order by x), sum(plus(y)) over (order by x) from t",
                "select plus(x) from t where rand(7) < 2 and plus(y) > 4 and x > 20",
                "select (select plus(max(y)) from t), (select max(plus(y)) from t) from t where k = 1",
                "select x from t where (select count(1) from t u where plus(u.x) = t.x) = 1");
    }

    static List<Arguments> table() {
        List<Arguments> table = new ArrayList<>();
        for (String query : queries()) {
            int way = table.size();
            table.add(Arguments.of(query, way % 2 == 0, way / 2 % 2 == 0));
        }
        return table;
    }

    @BeforeEach
    void register(SparkSession spark) {
        TensorFrames.register(
                spark, "plus", TensorFrames.mapBlocks(Programs.plusThree()).blockRows(70));
        TensorFrames.register(spark, "both", both());
        spark.udf()
                .register(
                        "reference_plus",
                        udf((UDF1<Double, Double>) x -> x == null ? null : x + 3, DataTypes.DoubleType));
        spark.udf()
                .register(
                        "reference_both",
                        udf(
                                (UDF2<Double, Double, Row>) (x, y) -> RowFactory.create(x + y, x - y),
                                DataTypes.createStructType(List.of(
                                        DataTypes.createStructField("total", DataTypes.DoubleType, false),
                                        DataTypes.createStructField("difference", DataTypes.DoubleType, false)))));
        spark.range(0, 200, 1, 3)
                .selectExpr(
                        "cast(id as double) as x",
                        "cast(id % 5 as double) as y",
                        "id % 7 as k",
                        "array(cast(id as double), 1D) as v",
                        "if(id % 2 = 0, null, cast(id as double)) as n")
                .createOrReplaceTempView("n");
        spark.sql("create or replace temporary view t as select x, y, k, v from n");
    }

    static Program both() {
        return Program.build(tf -> {
            var x = placeholder(tf, "x", TFloat64.class, Shape.of(-1));
            var y = placeholder(tf, "y", TFloat64.class, Shape.of(-1));
            return outputs("total", tf.math.add(x, y)).and("difference", tf.math.sub(x, y));
        });
    }

    @ParameterizedTest(name = "{0}, codegen {1}, AQE {2}")
    @MethodSource("table")
    void givesWhatAFunctionOfJavaGives(String query, boolean codegen, boolean adaptive, SparkSession spark) {
        List<String> expected = collect(reference(query), /* codegen= */ false, /* adaptive= */ false, spark);
        assertThat(collect(query, codegen, adaptive, spark)).isEqualTo(expected);
    }

    private static String reference(String query) {
        return query.replace("plus(", "reference_plus(").replace("both(", "reference_both(");
    }

    private static List<String> collect(String query, boolean codegen, boolean adaptive, SparkSession spark) {
        spark.sql("create or replace temporary view v as select x, y, plus(x) as z from t where plus(y) > 4");
        var conf = spark.conf();
        conf.set("spark.sql.codegen.wholeStage", codegen);
        conf.set("spark.sql.codegen.factoryMode", codegen ? "FALLBACK" : "NO_CODEGEN");
        conf.set("spark.sql.adaptive.enabled", adaptive);
        try {
            Dataset<Row> result = spark.sql(query);
            List<String> rows =
                    result.collectAsList().stream().map(Row::toString).toList();
            return query.contains("order by") && !query.contains("over")
                    ? rows
                    : rows.stream().sorted().toList();
        } finally {
            conf.unset("spark.sql.codegen.wholeStage");
            conf.unset("spark.sql.codegen.factoryMode");
            conf.unset("spark.sql.adaptive.enabled");
        }
    }
}
