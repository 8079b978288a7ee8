package io.tensorbridge.train.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VoiceTest {

    @Test
    void saysThatSomethingGoesOnWhenNothingWasSaidForASecond() throws InterruptedException {
        List<WorkerEvent> said = new ArrayList<>();
        var voice = new Voice(said::add);
        voice.alive();
        assertThat(said).isEmpty();
        Thread.sleep(1_050);
        voice.say(new WorkerEvent.Ready());
        voice.alive();
        assertThat(said).containsExactly(new WorkerEvent.Ready());
        Thread.sleep(1_050);
        voice.alive();
        voice.alive();
        assertThat(said).containsExactly(new WorkerEvent.Ready(), new WorkerEvent.Alive());
    }
}
