package io.tensorbridge.internal.run;

import java.util.Arrays;

/** Which rows of a block are in which group, and the groups by how many rows they have. */
final class GroupMembers {

    private final int[] starts;
    private final int[] rowsByGroup;
    private final long[] bySize; // the size of a group above, its number below

    private GroupMembers(int[] starts, int[] rowsByGroup, long[] bySize) {
        this.starts = starts;
        this.rowsByGroup = rowsByGroup;
        this.bySize = bySize;
    }

    static GroupMembers of(int[] groupOfRow, int rowCount, int groupCount) {
        int[] starts = new int[groupCount + 1];
        for (int row = 0; row < rowCount; row++) {
            starts[groupOfRow[row] + 1]++;
        }
        long[] bySize = new long[groupCount];
        for (int group = 0; group < groupCount; group++) {
            bySize[group] = (long) starts[group + 1] << Integer.SIZE | group;
            starts[group + 1] += starts[group];
        }
        Arrays.sort(bySize);
        int[] next = Arrays.copyOf(starts, groupCount);
        int[] rowsByGroup = new int[rowCount];
        for (int row = 0; row < rowCount; row++) {
            rowsByGroup[next[groupOfRow[row]]++] = row;
        }
        return new GroupMembers(starts, rowsByGroup, bySize);
    }

    int groupCount() {
        return bySize.length;
    }

    /** Returns how many rows the group at some place has, where places are ordered by it. */
    int size(int place) {
        return (int) (bySize[place] >>> Integer.SIZE);
    }

    /** Returns the numbers of the groups at some places; among those of one size they are rising. */
    int[] groups(int first, int last) {
        int[] groups = new int[last - first];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = (int) bySize[first + i];
        }
        return groups;
    }

    /** Returns the rows of groups of one size, group by group. */
    int[] rows(int[] groups, int size) {
        int[] rows = new int[Math.multiplyExact(groups.length, size)];
        for (int i = 0; i < groups.length; i++) {
            System.arraycopy(rowsByGroup, starts[groups[i]], rows, i * size, size);
        }
        return rows;
    }
}
