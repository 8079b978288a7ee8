package io.tensorbridge.ml;

import io.tensorbridge.internal.hadoop.HadoopPlace;
import io.tensorbridge.model.ModelTarget;
import java.io.IOException;
import java.io.OutputStream;

/** A directory of Hadoop's that a model is written into. */
record HadoopTarget(HadoopPlace place) implements ModelTarget {

    @Override
    public String location() {
        return place.location();
    }

    @Override
    public OutputStream create(String path) throws IOException {
        return place.hadoop(() -> place.fileSystem().create(place.below(path), /* overwrite= */ false));
    }
}
