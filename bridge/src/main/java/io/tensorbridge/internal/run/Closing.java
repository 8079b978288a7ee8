package io.tensorbridge.internal.run;

import org.apache.arrow.util.AutoCloseables;
import org.jspecify.annotations.Nullable;

/** Closes several things, each in turn, whatever happens to the others. */
final class Closing {

    private Closing() {}

    /** Closes what is not null; the first failure is thrown, the others go with it. */
    static void all(String what, @Nullable AutoCloseable... open) {
        try {
            AutoCloseables.close(open);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("Cannot close " + what, e);
        }
    }
}
