package io.tensorbridge.tensor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.model.internal.ModelLimits;
import io.tensorbridge.tensor.ProgramDescription.SavedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A {@link ProgramDescription} as {@code program.json}, which ends with a digest of all that it says.
 *
 * <p>Nothing in it is believed for its own sake: it is of bounded size and depth, has these fields and no others, and what it
 * says of files is held to them.
 */
final class DescriptionJson {

    /** More than ten thousand files need. */
    static final int MOST_BYTES = 16 << 20;

    private static final int DEEPEST = 8;
    private static final int LONGEST_STRING = 1 << 16;
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Set<String> FIELDS = Set.of(
            "format", "writtenBy", "name", "form", "tags", "inputs", "outputs", "checks", "sha256", "files", "check");
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxDocumentLength(MOST_BYTES)
                            .maxNestingDepth(DEEPEST)
                            .maxNameLength(LONGEST_STRING)
                            .maxStringLength(LONGEST_STRING)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    // the same on every system
    private static final ObjectWriter WRITER =
            MAPPER.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

    private DescriptionJson() {}

    /** Returns what identifies a description: its SHA-256, which is over those of all files, too. */
    static String digest(ProgramDescription description) throws IOException {
        return ModelFiles.ofGraph(WRITER.writeValueAsBytes(tree(description))).sha256(ModelFiles.GRAPH);
    }

    /**
     * Returns what {@link #read} reads.
     *
     * @throws ModelFileException if that could not read it: names are beyond all measure
     */
    static byte[] write(ProgramDescription description) throws IOException {
        byte[] json = WRITER.writeValueAsBytes(tree(description).put("check", digest(description)));
        if (json.length > MOST_BYTES) {
            throw new ModelFileException(
                    "expected a program that is described in %d bytes, found %d. Give it fewer files"
                            .formatted(MOST_BYTES, json.length));
        }
        try {
            read(json);
        } catch (ModelFileException e) {
            throw new ModelFileException(
                    "expected names that a file can hold, found others (%s). Rename what they are of"
                            .formatted(String.valueOf(
                                    e.getCause() == null
                                            ? e.getMessage()
                                            : e.getCause().getMessage())),
                    e);
        }
        return json;
    }

    private static ObjectNode tree(ProgramDescription description) {
        ObjectNode tree = MAPPER.createObjectNode()
                .put("format", ProgramDescription.FORMAT)
                .put("writtenBy", description.writtenBy())
                .put("name", description.name())
                .put("form", description.form().name());
        description.tags().forEach(tree.putArray("tags")::add);
        description.inputs().forEach(tree.putArray("inputs")::add);
        description.outputs().forEach(tree.putArray("outputs")::add);
        InputCheckJson.write(description.checks(), tree.putObject("checks"));
        tree.put("sha256", description.sha256());
        ObjectNode files = tree.putObject("files");
        description
                .files()
                .forEach((path, file) ->
                        files.putObject(path).put("bytes", file.bytes()).put("sha256", file.sha256()));
        return tree;
    }

    /**
     * Reads a description.
     *
     * @throws ModelFileException if it is not one, or was changed since it was written
     */
    static ProgramDescription read(byte[] json) throws IOException {
        JsonNode tree = parse(json);
        checkFormat(tree);
        for (Map.Entry<String, JsonNode> field : tree.properties()) {
            if (!FIELDS.contains(field.getKey())) {
                throw damaged("field '%s' is unknown".formatted(field.getKey()));
            }
        }
        var description = new ProgramDescription(
                string(tree, "writtenBy"),
                string(tree, "name"),
                form(string(tree, "form")),
                strings(tree, "tags"),
                distinct(tree, "inputs"),
                distinct(tree, "outputs"),
                InputCheckJson.read(tree.path("checks"))
                        .orElseThrow(() -> damaged("field 'checks' has others than this version knows")),
                sha256(tree, "sha256"),
                files(tree));
        if (!sha256(tree, "check").equals(digest(description))) {
            throw damaged("what it says is not what was written");
        }
        return description;
    }

    private static JsonNode parse(byte[] json) throws IOException {
        try {
            JsonNode tree = MAPPER.readTree(json);
            if (tree.isObject()) {
                return tree;
            }
        } catch (JsonProcessingException e) {
            throw new ModelFileException(damage(e.getOriginalMessage()), e);
        }
        throw damaged("it holds no object");
    }

    /** A later format may look otherwise in everything but these two fields. */
    private static void checkFormat(JsonNode tree) throws ModelFileException {
        JsonNode format = tree.path("format");
        if (!format.isInt() || format.intValue() < 1) {
            throw damaged("field 'format' is no format");
        }
        if (format.intValue() > ProgramDescription.FORMAT) {
            throw new ModelFileException(
                    "expected format %d in file '%s', which %s reads, found format %d, written by %s. Load it with that version, or save it again with this one"
                            .formatted(
                                    ProgramDescription.FORMAT,
                                    SavedPaths.DESCRIPTION,
                                    LibraryVersion.current(),
                                    format.intValue(),
                                    tree.path("writtenBy").asText("a later version")));
        }
    }

    private static String string(JsonNode tree, String field) throws ModelFileException {
        String value = tree.path(field).textValue();
        if (value == null || value.isBlank()) {
            throw damaged("field '%s' is no string".formatted(field));
        }
        return value;
    }

    private static String sha256(JsonNode tree, String field) throws ModelFileException {
        String value = string(tree, field);
        if (!SHA256.matcher(value).matches()) {
            throw damaged("field '%s' is no SHA-256".formatted(field));
        }
        return value;
    }

    private static Program.Form form(String name) throws ModelFileException {
        for (Program.Form form : Program.Form.values()) {
            if (form.name().equals(name)) {
                return form;
            }
        }
        throw damaged("field 'form' is none of " + List.of(Program.Form.values()));
    }

    private static List<String> strings(JsonNode tree, String field) throws ModelFileException {
        if (!tree.path(field).isArray()) {
            throw damaged("field '%s' is no list".formatted(field));
        }
        List<String> values = new ArrayList<>();
        for (JsonNode value : tree.path(field)) {
            if (!value.isTextual()) {
                throw damaged("field '%s' is no list of strings".formatted(field));
            }
            values.add(value.textValue());
        }
        return values;
    }

    private static List<String> distinct(JsonNode tree, String field) throws ModelFileException {
        List<String> names = strings(tree, field);
        if (new HashSet<>(names).size() < names.size()) {
            throw damaged("field '%s' has a name twice".formatted(field));
        }
        return names;
    }

    private static SortedMap<String, SavedFile> files(JsonNode tree) throws ModelFileException {
        if (!tree.path("files").isObject()) {
            throw damaged("field 'files' is no object");
        }
        SortedMap<String, SavedFile> files = new TreeMap<>();
        long total = 0;
        for (Map.Entry<String, JsonNode> file : tree.path("files").properties()) {
            String path = file.getKey();
            if (!SavedPaths.isPath(path)) {
                throw damaged("'%s' is no file of a saved program".formatted(path));
            }
            JsonNode bytes = file.getValue().path("bytes");
            boolean isLength = bytes.isIntegralNumber()
                    && bytes.canConvertToLong()
                    && bytes.longValue() >= 0
                    && bytes.longValue() <= ModelLimits.BYTES;
            if (!isLength || file.getValue().size() != 2) {
                throw damaged("file '%s' has no length".formatted(path));
            }
            if (bytes.longValue() > SavedPaths.mostBytes(path)) {
                throw new ModelFileException(
                        "expected at most %d bytes in file '%s', found %d. Copy it again, or save the program again"
                                .formatted(SavedPaths.mostBytes(path), path, bytes.longValue()));
            }
            total += bytes.longValue();
            files.put(path, new SavedFile(bytes.longValue(), sha256(file.getValue(), "sha256")));
        }
        // program.json is one, too
        if (files.size() >= ModelLimits.FILES
                || total > ModelLimits.BYTES
                || !files.containsKey(SavedPaths.SIGNATURE)) {
            throw damaged("field 'files' lists what no saved program has");
        }
        return files;
    }

    private static ModelFileException damaged(String reason) {
        return new ModelFileException(damage(reason));
    }

    private static String damage(String reason) {
        return "expected a saved program, found file '%s' to be damaged (%s). Copy it again, or save the program again"
                .formatted(SavedPaths.DESCRIPTION, reason);
    }
}
