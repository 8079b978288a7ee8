package io.tensorbridge.internal.plan;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator$;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.types.DataTypeUtils;
import org.apache.spark.sql.execution.CodegenSupport;
import org.apache.spark.sql.execution.RowToColumnConverter;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.UnaryExecNode;
import org.apache.spark.sql.execution.WholeStageCodegenExec;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/**
 * Ends a stage of generated code in columns, where Spark would end it in rows.
 *
 * <p>The way of the data: the stage's code has a row's values in local variables. Spark's own end writes them to an
 * {@code UnsafeRow}, puts that in a list and leaves the loop, for every row; this writes them to column vectors, and leaves
 * the loop when these are full. What the stage gives are rows of one field, a batch, since rows are all that it can give.
 * The vectors are used again for the next batch, once this one has been taken and another is asked for.
 */
final class StageToColumnsExec extends SparkPlan implements UnaryExecNode, CodegenSupport {

    private static final int BATCH_ROWS = 4096; // as many as Spark's readers of files put in a batch
    private static final String VECTOR = OnHeapColumnVector.class.getName();

    private final SparkPlan child;
    private transient @Nullable CodegenSupport parent;
    private transient @Nullable Code code; // of the one stage that this is the end of

    /** What is called how in the generated code. */
    private record Code(String count, List<String> vectors, String begin, String give) {}

    private StageToColumnsExec(SparkPlan child) {
        this.child = child;
    }

    /**
     * Returns the partitions of a plan as columnar batches, each overwritten when {@code hasNext} is called, if the plan is a
     * stage of generated code whose columns are all of fixed width.
     */
    static Optional<RDD<ColumnarBatch>> batchesOf(SparkPlan plan) {
        if (!(plan instanceof WholeStageCodegenExec stage) || !hasFixedWidth(plan.output())) {
            return Optional.empty();
        }
        var columnar = new WholeStageCodegenExec(new StageToColumnsExec(stage.child()), stage.codegenStageId());
        return Optional.of(columnar.execute()
                .toJavaRDD()
                .map(row -> (ColumnarBatch) ((GenericInternalRow) row).genericGet(0))
                .rdd());
    }

    private static boolean hasFixedWidth(Seq<Attribute> columns) {
        return !columns.isEmpty()
                && Scala.list(columns).stream()
                        .allMatch(column -> CodeGenerator$.MODULE$.isPrimitiveType(column.dataType()));
    }

    @Override
    public String doProduce(CodegenContext context) {
        Code names = declare(context);
        this.code = names;
        return """
                %s
                if (%s > 0) {
                  %s();
                }
                """.formatted(((CodegenSupport) child).produce(context, this), names.count(), names.give());
    }

    private Code declare(CodegenContext context) {
        String columns = field(context, VECTOR + "[]", "columns");
        String count = field(context, "int", "count");
        List<String> vectors = new ArrayList<>();
        var assignments = new StringBuilder();
        for (int i = 0; i < child.output().size(); i++) {
            // a field for each vector: an element of an array would be checked for its place, row by row
            String vector = field(context, VECTOR, "column");
            vectors.add(vector);
            assignments.append("%s = %s[%d];\n".formatted(vector, columns, i));
        }
        // operators such as explode go on where the stage should stop: a batch may be in the list still, and its memory
        // in use
        String begin = function(context, "beginColumns", """
                if (%1$s == null || shouldStop()) {
                  %1$s = %2$s.allocateColumns(%3$d, %4$s);
                  %5$s
                } else {
                  for (int i = 0; i < %1$s.length; i++) {
                    %1$s[i].reset();
                  }
                }
                """.formatted(
                        columns,
                        VECTOR,
                        BATCH_ROWS,
                        context.addReferenceObj("schema", schemaOf(child), StructType.class.getName()),
                        assignments));
        String give = function(context, "giveColumns", """
                append(new %s(new Object[] {new %s(%s, %s)}));
                %4$s = 0;
                """.formatted(
                        GenericInternalRow.class.getName(), ColumnarBatch.class.getName(), columns, count));
        return new Code(count, vectors, begin, give);
    }

    @Override
    public String doConsume(CodegenContext context, Seq<ExprCode> input, ExprCode row) {
        Code names = requireNonNull(code, "doProduce comes first");
        var writes = new StringBuilder();
        for (int i = 0; i < input.size(); i++) {
            ExprCode value = input.apply(i);
            String vector = names.vectors().get(i);
            String write = CodeGenerator$.MODULE$.setValue(
                    vector,
                    names.count(),
                    child.output().apply(i).dataType(),
                    value.value().toString());
            writes.append("""
                    if (%s) {
                      %s.putNull(%s);
                    } else {
                      %s;
                    }
                    """.formatted(value.isNull(), vector, names.count(), write));
        }
        return """
                if (%1$s == 0) {
                  %2$s();
                }
                %3$s
                if (++%1$s == %4$d) {
                  %5$s();
                }
                """.formatted(names.count(), names.begin(), writes, BATCH_ROWS, names.give());
    }

    private static String function(CodegenContext context, String name, String body) {
        String fresh = context.freshName(name);
        return context.addNewFunction(
                fresh, "private void %s() {\n%s}\n".formatted(fresh, body), context.addNewFunction$default$3());
    }

    /** Declares a field of the generated class. */
    private static String field(CodegenContext context, String type, String name) {
        return context.addMutableState(
                type,
                name,
                context.addMutableState$default$3(),
                /* forceInline= */ true,
                context.addMutableState$default$5());
    }

    private static StructType schemaOf(SparkPlan plan) {
        return DataTypeUtils.fromAttributes(plan.output());
    }

    /** All of a row's values, evaluated before they are written. */
    @Override
    public AttributeSet usedInputs() {
        return child.outputSet();
    }

    @Override
    public Seq<RDD<InternalRow>> inputRDDs() {
        return ((CodegenSupport) child).inputRDDs();
    }

    /** Comes into play where Spark finds the generated code too long to run. */
    @Override
    public RDD<InternalRow> doExecute() {
        StructType schema = schemaOf(child);
        return child.execute()
                .toJavaRDD()
                .mapPartitions(rows -> batches(rows, schema))
                .rdd();
    }

    private static Iterator<InternalRow> batches(Iterator<InternalRow> rows, StructType schema) {
        var converter = new RowToColumnConverter(schema);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public InternalRow next() {
                if (!rows.hasNext()) {
                    throw new NoSuchElementException();
                }
                WritableColumnVector[] columns = OnHeapColumnVector.allocateColumns(BATCH_ROWS, schema);
                int count = 0;
                for (; count < BATCH_ROWS && rows.hasNext(); count++) {
                    converter.convert(rows.next(), columns);
                }
                return new GenericInternalRow(new Object[] {new ColumnarBatch(columns, count)});
            }
        };
    }

    @Override
    public Seq<Attribute> output() {
        return child.output();
    }

    @Override
    public SparkPlan child() {
        return child;
    }

    @Override
    public String nodeName() {
        return "StageToColumns"; // names in the generated code begin with it
    }

    // What the traits of Scala have already, class members take precedence of in Java.

    @Override
    public @Nullable CodegenSupport parent() {
        return parent;
    }

    @Override
    public void parent_$eq(CodegenSupport newParent) {
        parent = newParent;
    }

    @Override
    public Seq<SparkPlan> children() {
        return Scala.<SparkPlan>one(child);
    }

    @Override
    public SparkPlan withNewChildInternal(SparkPlan newChild) {
        return new StageToColumnsExec(newChild);
    }

    @Override
    public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> newChildren) {
        return withNewChildInternal(newChildren.head());
    }

    @Override
    public int productArity() {
        return 1;
    }

    @Override
    public Object productElement(int index) {
        return child;
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof StageToColumnsExec;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StageToColumnsExec node && child.equals(node.child);
    }

    @Override
    public int hashCode() {
        return child.hashCode();
    }
}
