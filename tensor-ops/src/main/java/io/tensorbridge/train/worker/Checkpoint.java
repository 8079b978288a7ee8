package io.tensorbridge.train.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tensorbridge.model.ModelFolder;
import io.tensorbridge.model.internal.CheckpointFiles;
import io.tensorbridge.model.internal.ModelFileException;
import io.tensorbridge.model.internal.ModelFiles;
import io.tensorbridge.train.graph.TrainingProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * A directory that training goes on from: the variables and what the optimizer remembers in TensorFlow's form, the best weights
 * alike if there are any, and {@code state.json}.
 */
public final class Checkpoint {

    static final String ALL = "all";
    static final String BEST = "best";

    private static final String STATE = "state.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LARGEST_STATE = 64 << 20;

    private final Path directory;
    private final TrainingState state;
    private final Origin origin;

    private Checkpoint(Path directory, TrainingState state, Origin origin) {
        this.directory = directory;
        this.state = state;
        this.origin = origin;
    }

    /**
     * What was trained; a checkpoint of anything else would give another curve.
     *
     * @param program the digest of the program
     * @param settings what of the settings changes a step
     */
    private record Origin(String program, String settings, List<Long> rowsOf) {}

    private static Origin origin(TrainingProgram program, TrainingSettings settings, List<Long> rowsOf) {
        String changing = "%s, batchRows %d, seed %d, watch %s %s, keep %s"
                .formatted(
                        settings.rule().describe(),
                        settings.batchRows(),
                        settings.seed(),
                        settings.watched(),
                        settings.better(),
                        settings.keep());
        return new Origin(program.sha256(), changing, rowsOf);
    }

    /** Writes the state beside the variables, which TensorFlow has written; last, so that a directory with it is whole. */
    static void write(Path directory, TrainingState state, WorkerTask task) throws IOException {
        Origin origin = origin(task.program(), task.settings(), task.rowsOf());
        ObjectNode json = JSON.createObjectNode();
        json.put("version", 1);
        json.put("program", origin.program());
        json.put("settings", origin.settings());
        origin.rowsOf().forEach(json.putArray("rowsOfWorkers")::add);
        json.put("step", state.step());
        json.put("epoch", state.epoch());
        json.put("stepOfEpoch", state.stepOfEpoch());
        ArrayNode sums = json.putArray("sums");
        state.sums().forEach(sum -> sums.add(Double.toString(sum)));
        json.put("seconds", state.seconds());
        json.put("best", Double.toString(state.best()));
        json.put("epochsWithoutBetter", state.epochsWithoutBetter());
        ArrayNode history = json.putArray("history");
        state.history().forEach(epoch -> history.add(json(epoch)));
        ObjectNode checked = JSON.createObjectNode();
        checked.put("checksum", checksum(json));
        checked.set("state", json);
        Files.write(directory.resolve(STATE), JSON.writeValueAsBytes(checked));
    }

    private static long checksum(JsonNode json) throws IOException {
        var crc = new CRC32C();
        crc.update(JSON.writeValueAsBytes(json));
        return crc.getValue();
    }

    private static ObjectNode json(EpochResult epoch) {
        ObjectNode json = JSON.createObjectNode();
        json.put("epoch", epoch.epoch());
        json.put("step", epoch.step());
        json.put("loss", Double.toString(epoch.loss()));
        json.set("metrics", json(epoch.metrics()));
        json.set("validation", json(epoch.validation()));
        json.put("rate", epoch.rate());
        json.put("seconds", epoch.seconds());
        json.put("rows", epoch.rows());
        return json;
    }

    private static ObjectNode json(Map<String, Double> numbers) {
        ObjectNode json = JSON.createObjectNode();
        numbers.forEach((name, number) -> json.put(name, Double.toString(number)));
        return json;
    }

    /**
     * Reads a checkpoint, and checks that its files are whole.
     *
     * @throws IOException if they are not; the message says which and how to mend it
     */
    public static Checkpoint read(Path directory) throws IOException {
        Checkpoint checkpoint = readState(directory);
        try {
            ModelFiles files = ModelFiles.copyOf(ModelFolder.of(directory));
            CheckpointFiles.read(files, ALL).checkValues();
            if (checkpoint.hasBest()) {
                CheckpointFiles.read(files, BEST).checkValues();
            }
        } catch (ModelFileException e) {
            throw new IOException("Cannot go on from checkpoint '%s': %s".formatted(directory, e.getMessage()), e);
        }
        return checkpoint;
    }

    /** Reads a checkpoint, without a look at its variables: restoring them checks them again. */
    static Checkpoint readState(Path directory) throws IOException {
        Path file = directory.resolve(STATE);
        if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_STATE) {
            throw new IOException(
                    "Cannot go on from checkpoint '%s': expected a file '%s', found none that is one. Remove the checkpoint, or name another one"
                            .formatted(directory, STATE));
        }
        try {
            JsonNode checked = JSON.readTree(Files.readAllBytes(file));
            JsonNode json = checked.required("state");
            if (checked.required("checksum").asLong() != checksum(json)) {
                throw new IOException("another checksum");
            }
            return parse(directory, json);
        } catch (IOException | RuntimeException e) {
            throw new IOException(
                    "Cannot go on from checkpoint '%s': expected '%s' to be as it was written, found that it is not (%s). Remove the checkpoint, or name another one"
                            .formatted(directory, STATE, e.getMessage()),
                    e);
        }
    }

    private static Checkpoint parse(Path directory, JsonNode json) throws IOException {
        if (json.path("version").asInt() != 1) {
            throw new IOException("version " + json.path("version"));
        }
        List<Long> rowsOf = new ArrayList<>();
        json.required("rowsOfWorkers").forEach(rows -> rowsOf.add(rows.asLong()));
        List<Double> sums = new ArrayList<>();
        json.required("sums").forEach(sum -> sums.add(Double.parseDouble(sum.asText())));
        List<EpochResult> history = new ArrayList<>();
        json.required("history").forEach(epoch -> history.add(epoch(epoch)));
        var state = new TrainingState(
                json.required("step").asLong(),
                json.required("epoch").asInt(),
                json.required("stepOfEpoch").asLong(),
                sums,
                json.required("seconds").asDouble(),
                Double.parseDouble(json.required("best").asText()),
                json.required("epochsWithoutBetter").asInt(),
                history);
        return new Checkpoint(
                directory,
                state,
                new Origin(
                        json.required("program").asText(),
                        json.required("settings").asText(),
                        rowsOf));
    }

    private static EpochResult epoch(JsonNode json) {
        return new EpochResult(
                json.required("epoch").asInt(),
                json.required("step").asLong(),
                Double.parseDouble(json.required("loss").asText()),
                numbers(json.required("metrics")),
                numbers(json.required("validation")),
                json.required("rate").asDouble(),
                json.required("seconds").asDouble(),
                json.required("rows").asLong());
    }

    private static Map<String, Double> numbers(JsonNode json) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        json.properties()
                .forEach(number -> numbers.put(
                        number.getKey(), Double.parseDouble(number.getValue().asText())));
        return numbers;
    }

    /**
     * Makes sure that going on from here gives the curve that it would have given without a break.
     *
     * @param location where the checkpoint is, for messages
     * @param rowsOf how many rows each worker has; empty if that is not known yet
     * @throws IllegalArgumentException if this is a checkpoint of something else
     */
    public void check(String location, TrainingProgram program, TrainingSettings settings, List<Long> rowsOf) {
        Origin expected = origin(program, settings, rowsOf.isEmpty() ? origin.rowsOf() : rowsOf);
        if (!Objects.equals(expected, origin)) {
            throw new IllegalArgumentException(
                    "Cannot go on from checkpoint '%s': expected %s, found %s. Name another directory for checkpoints, or remove this one"
                            .formatted(
                                    location, difference(expected, origin, true), difference(expected, origin, false)));
        }
    }

    private static String difference(Origin expected, Origin found, boolean ofExpected) {
        Origin shown = ofExpected ? expected : found;
        List<String> all = new ArrayList<>();
        if (!expected.program().equals(found.program())) {
            all.add("program of SHA-256 " + shown.program());
        }
        if (!expected.settings().equals(found.settings())) {
            all.add("settings " + shown.settings());
        }
        if (!expected.rowsOf().equals(found.rowsOf())) {
            all.add("rows of workers " + shown.rowsOf());
        }
        return String.join(", ", all);
    }

    /** Returns how many steps had been taken. */
    public long step() {
        return state.step();
    }

    /** Returns whether the best weights are there. */
    boolean hasBest() {
        return Files.exists(directory.resolve(CheckpointFiles.indexOf(BEST)));
    }

    TrainingState state() {
        return state;
    }

    Path directory() {
        return directory;
    }
}
