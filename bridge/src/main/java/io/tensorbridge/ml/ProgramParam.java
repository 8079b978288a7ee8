package io.tensorbridge.ml;

import com.fasterxml.jackson.databind.node.TextNode;
import io.tensorbridge.tensor.Program;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** The param for a stage's program, of which JSON holds the digest alone: its files are saved beside. */
final class ProgramParam extends Param<Program> {

    private static final long serialVersionUID = 1;

    ProgramParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    @Override
    public String jsonEncode(Program value) {
        return TextNode.valueOf(value.sha256()).toString();
    }

    @Override
    public Program jsonDecode(String json) {
        throw new UnsupportedOperationException(
                "Cannot read a program from JSON: expected the files of the stage that has it, found its SHA-256 %s alone. Load the stage, and set the program with setProgram(…)"
                        .formatted(json));
    }
}
