package io.tensorbridge.ml;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** The param for a decoder, which is code, and so has no JSON. */
final class DecoderParam extends Param<ImageDecoder> {

    private static final long serialVersionUID = 1;

    DecoderParam(Identifiable parent, String name, String doc) {
        super(parent.uid(), name, doc);
    }

    @Override
    public String jsonEncode(ImageDecoder value) {
        throw new UnsupportedOperationException(refusal(parent()));
    }

    @Override
    public ImageDecoder jsonDecode(String json) {
        throw new UnsupportedOperationException(
                "Cannot read a decoder from JSON: expected none, found %s".formatted(json));
    }

    static String refusal(String stage) {
        return "Cannot save stage '%s': expected no decoder, which is code, found one. Save it without: clear(stage.decoder()); and set it with setDecoder(…) on the stage that is loaded"
                .formatted(stage);
    }
}
