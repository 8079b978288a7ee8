package io.tensorbridge;

import static io.tensorbridge.BadData.PLUS;
import static io.tensorbridge.BadData.negate;
import static io.tensorbridge.BadInput.driver;
import static io.tensorbridge.BadInput.executor;
import static io.tensorbridge.BadInput.mismatch;
import static io.tensorbridge.BadInput.result;
import static io.tensorbridge.TensorFrames.mapBlocks;
import static io.tensorbridge.TensorFrames.withShape;
import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.tensor.ElementType;
import io.tensorbridge.tensor.Program;
import io.tensorbridge.tensor.Programs;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.UserDefinedType;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Columns whose type or shape no input takes. */
final class BadColumns {

    private static final String NO_TENSOR =
            "input 'x': expected DT_DOUBLE[?], found column 'x' of type %s, which no tensor can hold. %s";
    private static final String OTHERS = "Feed a column of numbers, booleans, strings, binaries, or arrays of these";

    private BadColumns() {}

    static List<BadInput> cases() {
        List<BadInput> cases = new ArrayList<>();
        addTypes(cases);
        addNarrowing(cases);
        addShapes(cases);
        return cases;
    }

    private static BadInput noTensor(int number, String x, String type, String cure) {
        return mismatch(
                number,
                "a column of type " + type,
                spark -> mapBlocks(PLUS).apply(spark.range(3).selectExpr(x + " as x")),
                "plus",
                NO_TENSOR.formatted(type, cure));
    }

    private static void addTypes(List<BadInput> cases) {
        cases.add(noTensor(12, "cast(id as decimal(10,2))", "decimal(10,2)", "Cast it: col(\"x\").cast(\"double\")"));
        cases.add(noTensor(
                13,
                "timestamp'2020-01-01'",
                "timestamp",
                "Cast it to seconds since 1970: col(\"x\").cast(\"double\")"));
        cases.add(noTensor(
                13,
                "timestamp_ntz'2020-01-01'",
                "timestamp_ntz",
                "Cast it to seconds since 1970: col(\"x\").cast(\"timestamp\").cast(\"double\")"));
        cases.add(noTensor(
                13, "date'2020-01-01'", "date", "Make days since 1970 of it: expr(\"unix_date(x)\").cast(\"double\")"));
        cases.add(noTensor(14, "interval '1' day", "interval day", OTHERS));
        cases.add(noTensor(14, "map('k', id)", "map<string,bigint>", "Feed its values: map_values(col(\"x\"))"));
        cases.add(noTensor(
                14,
                "named_struct('a', id)",
                "struct<a:bigint>",
                "Feed a field of it: select col(\"x.…\") as a column"));
        cases.add(noTensor(14, "parse_json('1')", "variant", OTHERS));
        cases.add(mismatch(
                14,
                "a column of a type of a user's own",
                spark -> mapBlocks(PLUS)
                        .apply(spark.createDataFrame(List.of(), new StructType().add("x", new PointType()))),
                "plus",
                NO_TENSOR.formatted("point", OTHERS)));
        cases.add(result(15, "columns of char and varchar, which are strings", spark -> {
            Dataset<Row> df =
                    spark.sql("select cast('abc' as char(5)) as c, cast('abc' as varchar(5)) as v from range(3)");
            Program text = Programs.identity(ElementType.STRING, Shape.of(-1));
            for (String column : df.columns()) {
                assertThat(mapBlocks(text)
                                .feed("x", column)
                                .apply(df)
                                .filter(column + " = y")
                                .count())
                        .isEqualTo(3);
            }
        }));
    }

    private static void addNarrowing(List<BadInput> cases) {
        cases.add(
                mismatch(
                        17,
                        "bytes with a sign for an input without",
                        spark -> mapBlocks(Programs.identity(ElementType.UINT8, Shape.of(-1, 3)))
                                .apply(spark.range(3).selectExpr("array(1Y, 2Y, 3Y) as x")),
                        "y",
                        "input 'x': expected DT_UINT8[?, 3], found column 'x' of DT_INT8[?, ?]. Feed it with a binary column of declared shape: shape(\"…\", 3)"));
        cases.add(
                mismatch(
                        17,
                        "a byte with a sign for an input of one without",
                        spark -> mapBlocks(Programs.identity(ElementType.UINT8, Shape.of(-1)))
                                .apply(spark.range(3).selectExpr("tinyint(id) as x")),
                        "y",
                        "input 'x': expected DT_UINT8[?], found column 'x' of DT_INT8[?]. Feed it with a binary column of declared shape: shape(\"…\")"));
        cases.add(
                mismatch(
                        17,
                        "shorts for an input of bytes",
                        spark -> mapBlocks(Programs.identity(ElementType.INT8, Shape.of(-1)))
                                .apply(spark.range(3).selectExpr("smallint(id) as x")),
                        "y",
                        "input 'x': expected DT_INT8[?], found column 'x' of DT_INT16[?]. Cast it: col(\"x\").cast(\"tinyint\")"));
        cases.add(
                mismatch(
                        18,
                        "ints for an input of floats",
                        spark -> mapBlocks(negate(TFloat32.class, Shape.of(-1)))
                                .apply(spark.range(3).selectExpr("int(id) as x")),
                        "negate",
                        "input 'x': expected DT_FLOAT[?], found column 'x' of DT_INT32[?]. Cast it: col(\"x\").cast(\"float\")"));
        cases.add(
                mismatch(
                        19,
                        "longs for an input of doubles",
                        spark -> mapBlocks(PLUS).apply(spark.range(3).selectExpr("9007199254740993L as x")),
                        "plus",
                        "input 'x': expected DT_DOUBLE[?], found column 'x' of DT_INT64[?]. Cast it: col(\"x\").cast(\"double\")"));
    }

    private static Dataset<Row> arrays(SparkSession spark) {
        return spark.range(0, 3, 1, 1).selectExpr("array(1F, 2F) as x");
    }

    private static BadInput shape(int number, String what, String why, long... dimensions) {
        return driver(
                number,
                what,
                spark -> mapBlocks(negate(TFloat32.class, Shape.of(-1, -1))).shape("x", dimensions),
                "Invalid shape of column 'x': " + why);
    }

    private static void addShapes(List<BadInput> cases) {
        cases.add(shape(
                26,
                "a shape of more values than can be counted",
                "must have at most 2147483647 values, found [65536, 65536]. Mend the dimensions, or split the cells",
                65_536,
                65_536));
        cases.add(shape(
                26,
                "a shape whose product overflows a long",
                "must have at most 2147483647 values, found [2147483647, 2147483647, 2147483647]. Mend the dimensions, or split the cells",
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE));
        cases.add(shape(
                27,
                "a negative dimension",
                "a dimension must be 0 or more, or -1 for unknown, found -2. Mend the dimensions",
                2,
                -2));
        cases.add(
                executor(
                        27,
                        "a dimension of zero, for arrays that are not empty",
                        spark -> mapBlocks(negate(TFloat32.class, Shape.of(-1, -1)))
                                .apply(withShape(arrays(spark), "x", 0))
                                .collectAsList(),
                        "Cannot feed column 'x': expected 0 values in row 0 of block 0, found 2. Pad such arrays with pad(\"x\"), or run a program over cells with mapRows"));
        cases.add(shape(
                28,
                "more dimensions than a tensor may have",
                "must have at most 253 dimensions, since rows are one more, found 254. Give cells fewer dimensions",
                new long[254]));
    }

    /** A type of a user's own: a number with another name. */
    static final class PointType extends UserDefinedType<Double> {

        private static final long serialVersionUID = 1;

        @Override
        public DataType sqlType() {
            return DataTypes.DoubleType;
        }

        @Override
        public Object serialize(Double point) {
            return point;
        }

        @Override
        public Double deserialize(Object datum) {
            return (Double) datum;
        }

        @Override
        public Class<Double> userClass() {
            return Double.class;
        }

        @Override
        public String typeName() {
            return "point";
        }
    }
}
