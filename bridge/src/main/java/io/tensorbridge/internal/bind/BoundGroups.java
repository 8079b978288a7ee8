package io.tensorbridge.internal.bind;

import io.tensorbridge.arrow.GroupLimits;

/**
 * How a reduction goes over groups.
 *
 * @param form what the reduction was rewritten to, so that it takes many groups at once
 * @param limits how large a block may become, and how many groups a task keeps
 */
public record BoundGroups(GroupForm form, GroupLimits limits) {

    @Override
    public String toString() {
        return form.name().toLowerCase(java.util.Locale.ROOT);
    }
}
