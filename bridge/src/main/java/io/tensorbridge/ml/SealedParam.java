package io.tensorbridge.ml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/**
 * A param for one of the records of a sealed interface, such as an optimizer. In JSON it is the record's name and its components,
 * some of which may be such records themselves.
 *
 * @param <T> the interface
 */
final class SealedParam<T> extends Param<T> {

    private static final long serialVersionUID = 1;

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String TYPE = "type";

    private final Class<T> type;

    SealedParam(Identifiable parent, String name, String doc, Class<T> type) {
        super(parent.uid(), name, doc);
        this.type = type;
    }

    @Override
    public String jsonEncode(T value) {
        return encode(value).toString();
    }

    private ObjectNode encode(Object value) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put(TYPE, value.getClass().getSimpleName());
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            Object part = valueOf(component, value);
            json.set(component.getName(), component.getType() == type ? encode(part) : MAPPER.valueToTree(part));
        }
        return json;
    }

    private static Object valueOf(RecordComponent component, Object value) {
        try {
            return component.getAccessor().invoke(value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot read %s of %s".formatted(component, value), e);
        }
    }

    @Override
    public T jsonDecode(String json) {
        return decode(ParamJson.decode(name(), json, new TypeReference<JsonNode>() {}));
    }

    private T decode(JsonNode json) {
        List<Class<?>> records = List.of(type.getPermittedSubclasses());
        Class<?> named = records.stream()
                .filter(known -> known.getSimpleName().equals(json.path(TYPE).asText()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Invalid %s: must be one of %s, found %s"
                        .formatted(
                                name(),
                                records.stream().map(Class::getSimpleName).toList(),
                                json)));
        RecordComponent[] components = named.getRecordComponents();
        Object[] parts = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            parts[i] = part(components[i], json);
        }
        try {
            return type.cast(named.getDeclaredConstructor(Arrays.stream(components)
                            .map(RecordComponent::getType)
                            .toArray(Class<?>[]::new))
                    .newInstance(parts));
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(
                    "Invalid %s: must be of valid parts, found %s (%s)".formatted(name(), json, e.getCause()), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot make %s".formatted(named), e);
        }
    }

    private Object part(RecordComponent component, JsonNode json) {
        JsonNode part = json.path(component.getName());
        try {
            if (part.isMissingNode() || part.isNull()) {
                throw new IllegalArgumentException(
                        "Invalid %s: must have '%s', found %s".formatted(name(), component.getName(), json));
            }
            return component.getType() == type ? decode(part) : MAPPER.treeToValue(part, component.getType());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "Invalid %s: must have %s, found %s".formatted(name(), component, json), e);
        }
    }
}
