package io.tensorbridge.ml;

import com.fasterxml.jackson.databind.node.TextNode;
import io.tensorbridge.train.graph.TrainingProgram;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** The param for what an estimator trains, of which JSON holds the digest alone: its files are saved beside. */
final class TrainingProgramParam extends Param<TrainingProgram> {

    private static final long serialVersionUID = 1;

    TrainingProgramParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    @Override
    public String jsonEncode(TrainingProgram value) {
        return TextNode.valueOf(value.sha256()).toString();
    }

    @Override
    public TrainingProgram jsonDecode(String json) {
        throw new UnsupportedOperationException(
                "Cannot read a training program from JSON: expected the files of the estimator that has it, found its SHA-256 %s alone. Load the estimator, and set the program with setTrainingProgram(…)"
                        .formatted(json));
    }
}
