package io.tensorbridge.internal.hadoop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedactionTest {

    @ParameterizedTest
    @CsvSource({
        "s3a://me:hidden@models/iris, s3a://models/iris",
        "s3a://me:hid/den@models/iris, s3a://models/iris",
        "s3a://me@models/iris?token=1234, s3a://models/iris",
        "hdfs://namenode:8020/models/iris@2, hdfs://namenode:8020/models/iris@2",
        "s3a://models/iris@2, s3a://models/iris@2",
        "file:/models/iris, file:/models/iris"
    })
    void leavesOutOfAUriWhatMayBeSecret(String uri, String shown) {
        assertThat(new Redaction(uri).uri()).isEqualTo(shown);
    }

    @Test
    void leavesOutSecretsHoweverTheyAreEncoded() {
        var redaction = new Redaction("s3a://me:hid%2Fden@models/iris?token=ab%2Bc");
        assertThat(redaction.of(new IOException(
                        "No answer from me:hid/den or me:hid%2Fden, tried x%3Ftoken=ab%252Bc and hid%252Fden")))
                .isEqualTo("No answer from *** or ***, tried x%3F*** and ***");
    }
}
