package io.tensorbridge;

import java.util.Map;
import java.util.Optional;

/**
 * What a user has said of the result of a map operation. Immutable.
 *
 * @param trimmed whether it has the new columns alone
 * @param forms what new columns are given as, if not as arrays
 * @param reasons the column that says why rows failed, if they may fail on their own
 */
record MapResult(boolean trimmed, Map<String, MlForm> forms, Optional<String> reasons) {

    static final MapResult ALL_COLUMNS = new MapResult(/* trimmed= */ false, Map.of(), Optional.empty());

    MapResult trim() {
        return new MapResult(/* trimmed= */ true, forms, reasons);
    }

    MapResult withReasons(String column) {
        return new MapResult(trimmed, forms, Optional.of(column));
    }

    MapResult withForm(String column, MlForm form) {
        return new MapResult(trimmed, Refinements.with(forms, column, form), reasons);
    }
}
