package io.tensorbridge.tensor;

import io.tensorbridge.model.ModelPolicy;
import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which models a program was made of, whatever was made of it since.
 *
 * @param unpinned the SHA-256 of the models that were loaded without one to compare it with, by name
 * @param policy what the models were held to; null if there are none, and the program is the driver's own code
 */
record Origin(SortedMap<String, String> unpinned, @Nullable ModelPolicy policy) implements Serializable {

    /** That of a program that driver code built. */
    static final Origin BUILT = new Origin(Collections.emptySortedMap(), null);

    private static final long serialVersionUID = 1;

    Origin {
        unpinned = Collections.unmodifiableSortedMap(new TreeMap<>(unpinned));
    }

    /** Returns that of a model whose SHA-256 was compared with one that driver code gave. */
    static Origin pinned(ModelPolicy policy) {
        return new Origin(Collections.emptySortedMap(), policy);
    }

    /** Returns that of a model that was taken as it was found. */
    static Origin unpinned(String name, String sha256, ModelPolicy policy) {
        return new Origin(new TreeMap<>(Map.of(name, sha256)), policy);
    }

    /** Returns that of a program that is made of two. */
    Origin and(Origin other) {
        SortedMap<String, String> both = new TreeMap<>(unpinned);
        other.unpinned.forEach((name, sha256) -> {
            String own = both.putIfAbsent(name, sha256);
            if (own != null && !own.equals(sha256)) { // two models of one name
                both.put(name + "@" + sha256.substring(0, 8), sha256);
            }
        });
        String[] allowed = Stream.of(policy, other.policy)
                .flatMap(each -> each == null ? Stream.empty() : each.allowedOps().stream())
                .toArray(String[]::new);
        return new Origin(
                both,
                policy == null && other.policy == null
                        ? null
                        : ModelPolicy.standard().allowOps(allowed));
    }
}
