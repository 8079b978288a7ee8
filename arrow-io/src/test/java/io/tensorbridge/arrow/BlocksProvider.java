package io.tensorbridge.arrow;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** A table whose batches are blocks: every kind of cell, as its fed column shows it to Spark, every fourth row with nulls. */
public final class BlocksProvider implements TableProvider {

    static final int ROWS = 100;
    private static final List<CellTable> CELLS = CellTable.all().toList();

    static List<CellTable> cells() {
        return CELLS;
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        var schema = new StructType();
        for (int i = 0; i < CELLS.size(); i++) {
            schema = schema.add("c" + i, CELLS.get(i).type());
        }
        return schema;
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new BlocksTable(schema);
    }

    private record BlocksTable(StructType tableSchema) implements SupportsRead, ScanBuilder, Scan, Batch {

        @Override
        public String name() {
            return "blocks";
        }

        @Override
        @SuppressWarnings("deprecation") // the only one that must be there
        public StructType schema() {
            return tableSchema;
        }

        @Override
        public Set<TableCapability> capabilities() {
            return Set.of(TableCapability.BATCH_READ);
        }

        @Override
        public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
            return this;
        }

        @Override
        public Scan build() {
            return this;
        }

        @Override
        public StructType readSchema() {
            return tableSchema;
        }

        @Override
        public Batch toBatch() {
            return this;
        }

        @Override
        public InputPartition[] planInputPartitions() {
            return new InputPartition[] {new Whole()};
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return new Readers(tableSchema);
        }
    }

    private record Whole() implements InputPartition {}

    private record Readers(StructType schema) implements PartitionReaderFactory {

        @Override
        public boolean supportColumnarReads(InputPartition partition) {
            return true;
        }

        @Override
        public PartitionReader<InternalRow> createReader(InputPartition partition) {
            throw new UnsupportedOperationException("Blocks are read as columns");
        }

        @Override
        public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
            return new Blocks(schema);
        }
    }

    private static final class Blocks implements PartitionReader<ColumnarBatch> {

        private final BufferAllocator allocator = new RootAllocator();
        private final BlockSource source;

        Blocks(StructType schema) {
            List<BlockColumn> fed = new ArrayList<>();
            for (int i = 0; i < CELLS.size(); i++) {
                fed.add(CELLS.get(i).column(i, CELLS.get(i).leaf().fillPolicy()));
            }
            source = BlockSource.ofRows(
                    IntStream.range(0, ROWS).mapToObj(Blocks::row).iterator(),
                    schema,
                    fed,
                    BlockSource.Keep.ALL,
                    new BlockLimits(30, 1L << 30, 0),
                    allocator,
                    new BlockCopies());
        }

        private static InternalRow row(int n) {
            return new GenericInternalRow(CELLS.stream()
                    .map(cells -> CellTable.toSpark(cells.cellWithNulls(n), cells.type()))
                    .toArray());
        }

        @Override
        public boolean next() {
            return source.advance();
        }

        @Override
        public ColumnarBatch get() {
            Block block = source.block();
            return new ColumnarBatch(block.columns().toArray(ColumnVector[]::new), block.rowCount());
        }

        @Override
        public void close() {
            source.close();
            allocator.close();
        }
    }
}
