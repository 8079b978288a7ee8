package io.tensorbridge.ml;

import io.tensorbridge.image.PixelScaling;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;

/** A param for the scaling of pixels, by a name that {@link PixelScaling#named} knows. */
final class ScalingParam extends Param<String> {

    private static final long serialVersionUID = 1;

    ScalingParam(Identifiable parent, String name, String doc) {
        super(
                parent.uid(),
                name,
                "%s: none, unit, tf, caffe, torch, or those of a model of Keras, such as ResNet50".formatted(doc));
    }

    @Override
    public void validate(String value) {
        PixelScaling.named(value);
    }

    @Override
    public String jsonEncode(String value) {
        return ParamJson.encode(value);
    }

    @Override
    public String jsonDecode(String json) {
        return ParamJson.text(name(), json);
    }
}
