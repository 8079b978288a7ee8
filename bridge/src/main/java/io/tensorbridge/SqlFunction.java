package io.tensorbridge;

import static java.util.Objects.requireNonNull;

import io.tensorbridge.arrow.NullPolicy;
import io.tensorbridge.internal.bind.BoundFetch;
import io.tensorbridge.internal.sql.BoundCall;
import io.tensorbridge.internal.sql.ProgramFunctions;
import io.tensorbridge.internal.sql.ProgramFunctions.Argument;
import io.tensorbridge.tensor.ProgramFacts;
import io.tensorbridge.tensor.SignatureMismatchException;
import io.tensorbridge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.types.StructField;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A map operation as a function of SQL.
 *
 * <p>Its parameters are the columns that the operation would be fed with, in the order of the program's inputs; a call's
 * arguments are bound to them as the columns of a DataFrame would be.
 */
final class SqlFunction {

    private final SparkSession spark;
    private final String name;
    private final Refinements refinements;
    private final MapResult result;
    private final Contract contract;
    private final List<String> parameters;
    private final String signature;
    private final List<BoundFetch> fetches = new ArrayList<>();
    private final List<StructField> results = new ArrayList<>();
    private final long resultBytes;

    private SqlFunction(SparkSession spark, String name, MapOperation<?> operation) {
        this.spark = spark;
        this.name = name;
        this.result = operation.result();
        this.refinements = ReasonColumn.keepingNulls(operation.refinements(), result);
        this.contract = operation.contract();
        Map<String, TensorSpec> inputOfColumn = inputOfColumn();
        this.parameters = List.copyOf(inputOfColumn.keySet());
        var words = new StringJoiner(", ", name + "(", ")");
        inputOfColumn.forEach((column, input) -> words.add(column + " " + contract.describe(input)));
        this.signature = words.toString();
        var mismatches = Mismatches.ofFunction("Cannot register program '%s' as function '%s'"
                .formatted(refinements.program().name(), name));
        checkResult(mismatches);
        this.resultBytes = bindOutputs(mismatches);
        mismatches.throwIfAny();
    }

    /**
     * Makes an operation a function of a session, in the place of one of the same name.
     *
     * @throws SignatureMismatchException if it cannot be one; the message holds every reason
     */
    static void register(SparkSession spark, String name, MapOperation<?> operation) {
        requireNonNull(name, "name");
        if (!(spark instanceof org.apache.spark.sql.classic.SparkSession session)) {
            throw new UnsupportedOperationException(
                    "Cannot register function '%s' over Spark Connect: expected a SparkSession of the driver's own process, found %s"
                            .formatted(name, spark.getClass().getName()));
        }
        if (name.isBlank()) {
            throw new IllegalArgumentException("Invalid function name: must not be blank, found '%s'".formatted(name));
        }
        var function = new SqlFunction(spark, name, operation);
        ProgramFunctions.register(session, name, function::bind);
    }

    /** Returns what is fed with each column that is a parameter, the first input of several. */
    private Map<String, TensorSpec> inputOfColumn() {
        Columns none = noColumns();
        Set<String> known = new HashSet<>(); // two that are one name to Spark are one parameter
        Map<String, TensorSpec> inputs = new LinkedHashMap<>();
        for (TensorSpec input : contract.inputsOf(refinements.wanted().keySet())) {
            String column = refinements.feeds().getOrDefault(input.name(), contract.defaultColumn(input.name()));
            boolean isColumn = !refinements.feeding().parameters().containsKey(input.name());
            if (isColumn && known.add(none.key(column))) {
                inputs.put(column, input);
            }
        }
        return inputs;
    }

    private Columns noColumns() {
        return new Columns(List.of(), caseSensitive(), Map.of());
    }

    private void checkResult(Mismatches mismatches) {
        if (result.trimmed()) {
            mismatches.add("trim(): expected an operation that gives a value for each row. Leave it out");
        }
        if (!result.forms().isEmpty()) {
            mismatches.add(
                    "asVector(…), asMatrix(…): expected results that are arrays, found columns %s to be others. Leave it out, and call array_to_vector(…) on the result"
                            .formatted(List.copyOf(result.forms().keySet())));
        }
        boolean drops = refinements.nullPolicy() instanceof NullPolicy.DropRow
                || refinements.nullPolicies().values().stream().anyMatch(NullPolicy.DropRow.class::isInstance);
        if (drops) {
            mismatches.add(
                    "onNull(…): expected fail() or fill(…), found dropRow(), for a function gives a value for each row. Leave rows out in SQL: WHERE … IS NOT NULL");
        }
    }

    /** Binds what needs no arguments; returns the bytes that the outputs give for a row. */
    private long bindOutputs(Mismatches mismatches) {
        Columns none = noColumns();
        var feedsBinder = new FeedsBinder(refinements, contract, none, mismatches);
        feedsBinder.checkNames();
        Map<String, String> wanted = refinements.wanted();
        ProgramCheck.ofAny(refinements.program(), wanted.keySet(), spark, mismatches);
        List<Attribute> produced = new ArrayList<>();
        long bytes = 0;
        var outputBinder = new OutputBinder(refinements, contract, /* trimmed= */ false, none, mismatches);
        for (var output : wanted.entrySet()) {
            bytes += outputBinder.bind(output.getKey(), output.getValue(), fetches, produced);
        }
        ReasonColumn.check(result, wanted, none, mismatches);
        feedsBinder.checkColumnsMentioned(wanted.values());
        for (Attribute column : ReasonColumn.beside(produced, result)) {
            results.add(new StructField(column.name(), column.dataType(), column.nullable(), column.metadata()));
        }
        return bytes;
    }

    /** Binds a call to its arguments: on the driver, when a query is analysed. */
    private BoundCall bind(List<Argument> arguments) {
        if (arguments.size() != parameters.size()) {
            throw new SignatureMismatchException(
                    "Cannot call function '%s': expected %s, found %d %s. Give one argument for each input, in this order"
                            .formatted(
                                    name,
                                    signature,
                                    arguments.size(),
                                    arguments.size() == 1 ? "argument" : "arguments"));
        }
        if (arguments.stream().anyMatch(Argument::isOfLambda)) {
            throw new SignatureMismatchException(
                    "Cannot call function '%s' in a lambda function: expected arguments that rows have, found a variable of the lambda function. Make rows of the array with explode(…)"
                            .formatted(name));
        }
        List<Attribute> attributes = new ArrayList<>();
        Map<String, String> sql = new LinkedHashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            attributes.add(parameter(parameters.get(i), arguments.get(i)));
            sql.put(parameters.get(i), arguments.get(i).sql());
        }
        var mismatches = Mismatches.ofFunction("Cannot call " + signature);
        var feedsBinder = new FeedsBinder(
                refinements, contract, new Columns(attributes, caseSensitive(), Map.copyOf(sql)), mismatches);
        feedsBinder.bind(contract.inputsOf(refinements.wanted().keySet()));
        mismatches.throwIfAny();
        return new BoundCall(
                name,
                MapBinder.program(refinements, contract, feedsBinder, fetches, resultBytes, spark.conf(), result),
                feedsBinder.fed().stream().map(attributes::indexOf).toList(),
                results,
                isDeterministic());
    }

    private boolean isDeterministic() {
        return ProgramFacts.random(refinements.program(), refinements.wanted().keySet())
                .isEmpty();
    }

    private static Attribute parameter(String name, Argument argument) {
        return new AttributeReference(
                name,
                argument.expression().dataType(),
                argument.expression().nullable(),
                argument.metadata(),
                NamedExpression.newExprId(),
                CollectionConverters.<String>asScala(List.<String>of()).toSeq());
    }

    private boolean caseSensitive() {
        return Boolean.parseBoolean(spark.conf().get("spark.sql.caseSensitive"));
    }
}
