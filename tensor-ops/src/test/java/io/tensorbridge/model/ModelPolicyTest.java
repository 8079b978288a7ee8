package io.tensorbridge.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ModelPolicyTest {

    @Test
    void allowsMoreWithoutChangingThePolicyItCameFrom() {
        var policy = ModelPolicy.standard().allowOps("WriteFile").allowOps("ReadFile", "WriteFile");
        assertThat(policy.allowedOps()).containsExactly("ReadFile", "WriteFile");
        assertThat(policy).hasToString("standard + [ReadFile, WriteFile]");
        assertThat(policy).isEqualTo(ModelPolicy.standard().allowOps("ReadFile", "WriteFile"));
        assertThat(ModelPolicy.standard().allowedOps()).isEmpty();
        assertThat(ModelPolicy.standard()).hasToString("standard");
    }

    @Test
    void namesOperationsThatAreLikeOneThatTensorFlowLacks() {
        assertThatThrownBy(() -> ModelPolicy.standard().allowOps("ReadFile", "writefiles"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Invalid operation to allow: must be one of TensorFlow 2.18.0, found 'writefiles'. Mend allowOps(\"writefiles\"): names like it are [WriteFile]");
        assertThatThrownBy(() -> ModelPolicy.standard().allowOps("NothingThatTensorFlowHas"))
                .hasMessage(
                        "Invalid operation to allow: must be one of TensorFlow 2.18.0, found 'NothingThatTensorFlowHas'. Mend allowOps(\"NothingThatTensorFlowHas\")");
    }
}
