package io.tensorbridge.arrow;

import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.CalendarInterval;
import org.apache.spark.unsafe.types.GeographyVal;
import org.apache.spark.unsafe.types.GeometryVal;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/** Some rows of a column: those from one on, or those of a selection. Nothing is copied, and nothing is freed. */
final class RowsOfColumnVector extends ColumnVector {

    private final ColumnVector base;
    private final int from;
    private final int @Nullable [] selection;

    RowsOfColumnVector(ColumnVector base, int from, int @Nullable [] selection) {
        super(base.dataType());
        this.base = base;
        this.from = from;
        this.selection = selection;
    }

    private int at(int rowId) {
        return selection == null ? from + rowId : selection[from + rowId];
    }

    @Override
    public boolean hasNull() {
        return base.hasNull();
    }

    @Override
    public int numNulls() {
        throw new UnsupportedOperationException("The nulls of some rows are not counted");
    }

    @Override
    public boolean isNullAt(int rowId) {
        return base.isNullAt(at(rowId));
    }

    @Override
    public boolean getBoolean(int rowId) {
        return base.getBoolean(at(rowId));
    }

    @Override
    public byte getByte(int rowId) {
        return base.getByte(at(rowId));
    }

    @Override
    public short getShort(int rowId) {
        return base.getShort(at(rowId));
    }

    @Override
    public int getInt(int rowId) {
        return base.getInt(at(rowId));
    }

    @Override
    public long getLong(int rowId) {
        return base.getLong(at(rowId));
    }

    @Override
    public float getFloat(int rowId) {
        return base.getFloat(at(rowId));
    }

    @Override
    public double getDouble(int rowId) {
        return base.getDouble(at(rowId));
    }

    @Override
    public @Nullable ColumnarArray getArray(int rowId) {
        return base.getArray(at(rowId));
    }

    @Override
    public @Nullable ColumnarMap getMap(int rowId) {
        return base.getMap(at(rowId));
    }

    @Override
    public @Nullable Decimal getDecimal(int rowId, int precision, int scale) {
        return base.getDecimal(at(rowId), precision, scale);
    }

    @Override
    public @Nullable UTF8String getUTF8String(int rowId) {
        return base.getUTF8String(at(rowId));
    }

    @Override
    public byte @Nullable [] getBinary(int rowId) {
        return base.getBinary(at(rowId));
    }

    @Override
    public @Nullable CalendarInterval getInterval(int rowId) {
        return base.getInterval(at(rowId));
    }

    @Override
    public @Nullable GeographyVal getGeography(int rowId) {
        return base.getGeography(at(rowId));
    }

    @Override
    public @Nullable GeometryVal getGeometry(int rowId) {
        return base.getGeometry(at(rowId));
    }

    @Override
    public ColumnVector getChild(int ordinal) {
        return new RowsOfColumnVector(base.getChild(ordinal), from, selection);
    }

    /** Does nothing: the column belongs to its batch. */
    @Override
    public void close() {}
}
