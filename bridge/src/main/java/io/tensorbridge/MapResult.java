package io.tensorbridge;

import java.util.Map;

/**
 * What a user has said of the result of a map operation. Immutable.
 *
 * @param trimmed whether it has the new columns alone
 * @param forms what new columns are given as, if not as arrays
 */
record MapResult(boolean trimmed, Map<String, MlForm> forms) {

    static final MapResult ALL_COLUMNS = new MapResult(/* trimmed= */ false, Map.of());

    MapResult trim() {
        return new MapResult(/* trimmed= */ true, forms);
    }

    MapResult withForm(String column, MlForm form) {
        return new MapResult(trimmed, Refinements.with(forms, column, form));
    }
}
