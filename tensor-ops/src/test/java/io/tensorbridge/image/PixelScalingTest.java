package io.tensorbridge.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PixelScalingTest {

    @ParameterizedTest
    @CsvSource({
        "none, NONE",
        "unit, UNIT",
        "tf, TF",
        "Caffe, CAFFE",
        "TORCH, TORCH",
        "ResNet50, CAFFE",
        "resnet50, CAFFE",
        "VGG19, CAFFE",
        "ResNet50V2, TF",
        "MobileNetV2, TF",
        "InceptionV3, TF",
        "Xception, TF",
        "NASNetMobile, TF",
        "DenseNet201, TORCH",
        "EfficientNetB7, NONE",
        "EfficientNetV2S, NONE",
        "MobileNetV3Small, NONE",
        "ConvNeXtTiny, NONE"
    })
    void goesByTheNamesOfKeras(String name, PixelScaling scaling) {
        assertThat(PixelScaling.named(name)).isEqualTo(scaling);
    }

    @Test
    void listsTheNamesItKnows() {
        assertThatThrownBy(() -> PixelScaling.named("pytorch"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid scaling of pixels: must be one of none, unit, tf, caffe, torch, or a model of Keras: "
                                + "ConvNeXtBase, ConvNeXtLarge, ConvNeXtSmall, ConvNeXtTiny, ConvNeXtXLarge, DenseNet121, DenseNet169, "
                                + "DenseNet201, EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4, "
                                + "EfficientNetB5, EfficientNetB6, EfficientNetB7, EfficientNetV2B0, EfficientNetV2B1, "
                                + "EfficientNetV2B2, EfficientNetV2B3, EfficientNetV2L, EfficientNetV2M, EfficientNetV2S, "
                                + "InceptionResNetV2, InceptionV3, MobileNet, MobileNetV2, MobileNetV3Large, MobileNetV3Small, "
                                + "NASNetLarge, NASNetMobile, ResNet101, ResNet101V2, ResNet152, ResNet152V2, ResNet50, ResNet50V2, "
                                + "VGG16, VGG19, Xception, found 'pytorch'");
    }
}
