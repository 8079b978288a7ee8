package io.tensorbridge.arrow;

import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.UserDefinedType;
import org.apache.spark.sql.types.VariantType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.CalendarInterval;
import org.apache.spark.unsafe.types.GeographyVal;
import org.apache.spark.unsafe.types.GeometryVal;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.unsafe.types.VariantVal;
import org.jspecify.annotations.Nullable;

/** Rows, or the elements of an array, read as a column: any type that Spark has, and nothing copied. */
abstract class GettersColumnVector extends ColumnVector {

    GettersColumnVector(DataType type) {
        super(type instanceof UserDefinedType<?> userDefined ? userDefined.sqlType() : type);
    }

    /** A field of kept rows. */
    static ColumnVector ofRows(KeptRows rows, int field, DataType type) {
        return new GettersColumnVector(type) {
            @Override
            SpecializedGetters at(int rowId) {
                return rows.row(rowId);
            }

            @Override
            int ordinal(int rowId) {
                return field;
            }
        };
    }

    /** A field of the keys of the groups that some rows are of. */
    static ColumnVector ofGroups(Groups groups, GroupRows rows, int field, DataType type) {
        return new GettersColumnVector(type) {
            @Override
            SpecializedGetters at(int rowId) {
                return groups.key(rows.group(rowId));
            }

            @Override
            int ordinal(int rowId) {
                return field;
            }
        };
    }

    private static ColumnVector ofArray(ArrayData array, DataType elementType) {
        return new GettersColumnVector(elementType) {
            @Override
            SpecializedGetters at(int rowId) {
                return array;
            }

            @Override
            int ordinal(int rowId) {
                return rowId;
            }
        };
    }

    /** What holds the value of a row. */
    abstract SpecializedGetters at(int rowId);

    /** Where in it. */
    abstract int ordinal(int rowId);

    @Override
    public boolean isNullAt(int rowId) {
        return at(rowId).isNullAt(ordinal(rowId));
    }

    @Override
    public boolean hasNull() {
        return true; // perhaps: nobody has looked
    }

    @Override
    public int numNulls() {
        throw new UnsupportedOperationException("The nulls of rows are not counted");
    }

    @Override
    public boolean getBoolean(int rowId) {
        return at(rowId).getBoolean(ordinal(rowId));
    }

    @Override
    public byte getByte(int rowId) {
        return at(rowId).getByte(ordinal(rowId));
    }

    @Override
    public short getShort(int rowId) {
        return at(rowId).getShort(ordinal(rowId));
    }

    @Override
    public int getInt(int rowId) {
        return at(rowId).getInt(ordinal(rowId));
    }

    @Override
    public long getLong(int rowId) {
        return at(rowId).getLong(ordinal(rowId));
    }

    @Override
    public float getFloat(int rowId) {
        return at(rowId).getFloat(ordinal(rowId));
    }

    @Override
    public double getDouble(int rowId) {
        return at(rowId).getDouble(ordinal(rowId));
    }

    @Override
    public @Nullable Decimal getDecimal(int rowId, int precision, int scale) {
        return isNullAt(rowId) ? null : at(rowId).getDecimal(ordinal(rowId), precision, scale);
    }

    @Override
    public @Nullable UTF8String getUTF8String(int rowId) {
        return isNullAt(rowId) ? null : at(rowId).getUTF8String(ordinal(rowId));
    }

    @Override
    public byte @Nullable [] getBinary(int rowId) {
        return isNullAt(rowId) ? null : at(rowId).getBinary(ordinal(rowId));
    }

    @Override
    public @Nullable CalendarInterval getInterval(int rowId) {
        return isNullAt(rowId) ? null : at(rowId).getInterval(ordinal(rowId));
    }

    @Override
    public @Nullable GeographyVal getGeography(int rowId) {
        return isNullAt(rowId) ? null : at(rowId).getGeography(ordinal(rowId));
    }

    @Override
    public @Nullable GeometryVal getGeometry(int rowId) {
        return isNullAt(rowId) ? null : at(rowId).getGeometry(ordinal(rowId));
    }

    @Override
    public @Nullable ColumnarArray getArray(int rowId) {
        if (isNullAt(rowId)) {
            return null;
        }
        ArrayData array = at(rowId).getArray(ordinal(rowId));
        return new ColumnarArray(ofArray(array, ((ArrayType) type).elementType()), 0, array.numElements());
    }

    @Override
    public @Nullable ColumnarMap getMap(int rowId) {
        if (isNullAt(rowId)) {
            return null;
        }
        MapData map = at(rowId).getMap(ordinal(rowId));
        MapType mapType = (MapType) type;
        return new ColumnarMap(
                ofArray(map.keyArray(), mapType.keyType()),
                ofArray(map.valueArray(), mapType.valueType()),
                0,
                map.numElements());
    }

    @Override
    public ColumnVector getChild(int child) {
        if (type instanceof VariantType) {
            return new VariantPart(this, child);
        }
        StructType struct = (StructType) type;
        GettersColumnVector parent = this;
        return new GettersColumnVector(struct.fields()[child].dataType()) {
            @Override
            SpecializedGetters at(int rowId) {
                return parent.at(rowId).getStruct(parent.ordinal(rowId), struct.length());
            }

            @Override
            int ordinal(int rowId) {
                return child;
            }
        };
    }

    /** Does nothing: the rows belong to the block. */
    @Override
    public void close() {}

    /** A variant is read as two binaries: its value and its metadata. */
    private static final class VariantPart extends GettersColumnVector {

        private final GettersColumnVector variants;
        private final int part;

        VariantPart(GettersColumnVector variants, int part) {
            super(DataTypes.BinaryType);
            this.variants = variants;
            this.part = part;
        }

        @Override
        SpecializedGetters at(int rowId) {
            return variants.at(rowId);
        }

        @Override
        int ordinal(int rowId) {
            return variants.ordinal(rowId);
        }

        @Override
        public byte @Nullable [] getBinary(int rowId) {
            VariantVal variant = at(rowId).getVariant(ordinal(rowId));
            return variant == null ? null : part == 0 ? variant.getValue() : variant.getMetadata();
        }
    }
}
