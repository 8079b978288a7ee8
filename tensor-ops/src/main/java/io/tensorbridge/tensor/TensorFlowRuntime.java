package io.tensorbridge.tensor;

import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;
import org.tensorflow.TensorFlow;

/**
 * Loads TensorFlow's native libraries, once, the way this library needs them.
 *
 * <p>All that is native goes through here first. If they do not load, every attempt says why, where the JVM itself would say
 * but once what was the matter.
 */
final class TensorFlowRuntime {

    private static final String MEMORY_GUARD = "org.bytedeco.javacpp.maxPhysicalBytes";
    private static final String NATIVES = "/org/tensorflow/internal/c_api/%s/%s";
    private static final long SPACE_NEEDED = 1_500L << 20; // what is unpacked, twice

    private static final Outcome OUTCOME = load0();

    private TensorFlowRuntime() {}

    /**
     * What came of loading.
     *
     * @param version TensorFlow's, if it was loaded
     * @param reason why it was not, with what mends it
     * @param cause what was thrown first
     */
    private record Outcome(
            @Nullable String version,
            @Nullable String reason,
            @Nullable Throwable cause) {

        static Outcome failed(String reason, Throwable cause) {
            return new Outcome(/* version= */ null, reason, cause);
        }
    }

    /**
     * Loads TensorFlow if this process has not done so yet.
     *
     * @throws ProgramException if it does not load; the same at every attempt
     */
    static void load() {
        version();
    }

    /** Returns the version of the TensorFlow that runs; loads it as {@link #load} does. */
    static String version() {
        String version = OUTCOME.version;
        if (version != null) {
            return version;
        }
        String reason = String.valueOf(OUTCOME.reason);
        Throwable cause = OUTCOME.cause;
        throw cause == null
                ? new ProgramException("Cannot load TensorFlow", reason)
                : new ProgramException("Cannot load TensorFlow", reason, cause);
    }

    private static Outcome load0() {
        // JavaCPP throws an OutOfMemoryError when the process grows beyond four times the heap, which costs a Spark
        // executor its life; and it reads the process's size at every pointer. What a user has set stays.
        if (System.getProperty(MEMORY_GUARD) == null) {
            System.setProperty(MEMORY_GUARD, "0");
        }
        Path cache;
        try {
            cache = NativeCache.choose(cacheThatWasSet(), Path.of(System.getProperty("user.home")), SPACE_NEEDED);
        } catch (IOException e) {
            return Outcome.failed(String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) { // no name of a path, or no home
            return Outcome.failed(
                    "expected a directory to unpack its natives to, found none (%s). Name one with -D%s"
                            .formatted(e, NativeCache.SETTING),
                    e);
        }
        System.setProperty(NativeCache.SETTING, cache.toString());
        try {
            return new Outcome(TensorFlow.version(), /* reason= */ null, /* cause= */ null);
        } catch (LinkageError e) { // of which an initializer that failed is one
            Throwable cause = e instanceof ExceptionInInitializerError && e.getCause() != null ? e.getCause() : e;
            return Outcome.failed(reason(cause, cache), cause);
        }
    }

    private static @Nullable Path cacheThatWasSet() {
        String set = System.getProperty(NativeCache.SETTING, System.getProperty("org.bytedeco.javacpp.cacheDir"));
        return set == null ? null : Path.of(set);
    }

    private static String reason(Throwable cause, Path cache) {
        String platform = Loader.getPlatform();
        String natives = NATIVES.formatted(platform, System.mapLibraryName("jnitensorflow"));
        return TensorFlow.class.getResource(natives) == null
                ? "expected TensorFlow's natives for %s on the class path, found none (%s). Add org.tensorflow:tensorflow-core-native with the classifier %s"
                        .formatted(platform, cause, platform)
                : "expected TensorFlow's natives for %s to load, found that they do not (%s). See that %s can be written and has room, or name another directory with -D%s"
                        .formatted(platform, cause, cache, NativeCache.SETTING);
    }
}
