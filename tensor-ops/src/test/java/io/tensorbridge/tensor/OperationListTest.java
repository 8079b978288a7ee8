package io.tensorbridge.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.tensorbridge.model.internal.OperationList;
import io.tensorbridge.model.internal.OperationList.Use;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.OpDef;

class OperationListTest {

    private static final OperationList LIST = OperationList.standard();

    @Test
    void hasEveryOperationThatTensorFlowRegistersAndNoOther() {
        TensorFlowRuntime.load();
        assertThat(TensorFlowRuntime.version()).isEqualTo(OperationList.TENSORFLOW);
        assertThat(LIST.names())
                .containsExactlyElementsOf(TensorFlow.registeredOpList().getOpList().stream()
                        .map(OpDef::getName)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    /** What real models need. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Add AddV2 MatMul Einsum Conv2D DepthwiseConv2dNative FusedBatchNormV3 Softmax Erf Cumsum Bucketize Where",
                "VarHandleOp ReadVariableOp VarIsInitializedOp VariableV2 Identity ResourceGather Placeholder Const NoOp",
                "HashTableV2 MutableHashTableV2 LookupTableFindV2 LookupTableSizeV2 LookupTableExportV2",
                "PartitionedCall StatefulPartitionedCall If While Case StatelessIf StatelessWhile MapDefun Assert",
                "Switch Merge Enter Exit NextIteration LoopCond TensorArrayV3 TensorArrayGatherV3 DeviceIndex CudnnRNNV3",
                "TensorListReserve TensorListSetItem TensorListStack TensorListGetItem TensorListFromTensor",
                "StringSplitV2 StringNGrams StringLower RegexReplace StaticRegexReplace StringToHashBucketFast StringJoin",
                "RaggedTensorToTensor RaggedTensorToVariant RaggedGather SparseToDense SparseSegmentMean UnicodeTranscode",
                "ParseExampleV2 ParseExample DecodeRaw DecodeJpeg DecodePng DecodeImage ResizeBilinear ResizeBicubic",
                "StatelessRandomUniformV2 StatelessRandomGetKeyCounter RandomUniform StatefulUniform RngReadAndSkip",
                "NonMaxSuppressionV5 CombinedNonMaxSuppression CropAndResize FakeQuantWithMinMaxVars QuantizeV2 Dequantize",
                "ScalarSummary HistogramSummary MergeSummary"
            })
    void allowsWhatModelsComputeWith(String ops) {
        assertThat(uses(ops)).containsOnly(Use.ALLOWED);
    }

    @ParameterizedTest
    @CsvSource({
        "WRITES, AssignVariableOp AssignAddVariableOp Assign ResourceScatterAdd ResourceApplyAdam ApplyGradientDescent",
        "WRITES, InitializeTableV2 LookupTableImportV2 LookupTableInsertV2 LookupTableRemoveV2 DestroyResourceOp",
        "FILES, RestoreV2 SaveV2 MergeV2Checkpoints ShardedFilename InitializeTableFromTextFileV2",
        "REFUSED, ReadFile WriteFile MatchingFiles ImmutableConst LoadAndRemapMatrix GenerateVocabRemapping DumpTensor",
        "REFUSED, DecodeProtoV2 EncodeProto FixedUnigramCandidateSampler Skipgram FileSystemSetConfiguration RecordInput",
        "REFUSED, TextLineDataset TFRecordDatasetV2 SqlDataset LMDBReader WholeFileReaderV2 DataServiceDatasetV4 Snapshot",
        "REFUSED, CacheDataset RegisterDatasetV2 InitializeTableFromDataset IteratorGetNext GeneratorDataset SaveDatasetV2",
        "REFUSED, Send Recv _Send _Recv CollectiveReduceV2 NcclAllReduce RpcCall RemoteCall DistributedSave",
        "REFUSED, PyFunc PyFuncStateless EagerPyFunc XlaCustomCallV2 XlaCallModule XlaSendToHost XlaHostCompute",
        "REFUSED, MlirPassthroughOp TPUExecute Abort Print PrintV2 DebugIdentity WriteSummary CreateSummaryFileWriter",
        "REFUSED, QueueEnqueueV2 FIFOQueueV2 Stage MapStage Barrier BatchFunction ConditionalAccumulator MutexLock",
        "REFUSED, InplaceAdd Empty GetSessionHandleV2 AddSparseToTensorsMap TemporaryVariable _FusedConv2D"
    })
    void keepsInBoundsWhatDoesMore(Use use, String ops) {
        assertThat(uses(ops)).containsOnly(use);
    }

    private static List<Use> uses(String ops) {
        return Arrays.stream(ops.split(" "))
                .map(op ->
                        LIST.entry(op).orElseThrow(() -> new AssertionError(op)).use())
                .toList();
    }

    @Test
    void hasAReasonForEveryOperation() {
        assertThat(LIST.names())
                .allSatisfy(op ->
                        assertThat(LIST.entry(op).orElseThrow().reason()).as(op).matches("[a-z][^.]*[a-z0-9]"));
    }

    /** What programs are fed with copies for the sake of is not allowed, unless it lets go of the tensors after the run. */
    @Test
    void allowsNothingThatKeepsTensorsBeyondARun() {
        assertThat(ops(entry -> entry.use() == Use.ALLOWED, AliasSafety::writesOrRetains))
                .allMatch(op -> op.startsWith("TensorArray") // for the time of a run
                        || op.contains("TensorMap") // likewise
                        || op.contains("HashTable") // the handle alone: what fills the table is not allowed
                        || op.endsWith("Summary") // makes a string
                        || op.endsWith("SummaryV2"));
    }

    /** What keeps tensors makes a program be fed with copies, where a policy allows it. */
    @Test
    void knowsToCopyForWhatKeepsTensors() {
        TensorFlowRuntime.load();
        Set<String> takeAnyTensor = TensorFlow.registeredOpList().getOpList().stream()
                .filter(op -> op.getInputArgList().stream()
                        .anyMatch(input -> !input.getTypeAttr().isEmpty()
                                || !input.getTypeListAttr().isEmpty()))
                .map(OpDef::getName)
                .collect(Collectors.toSet());
        assertThat(ops(
                        entry -> entry.use() == Use.REFUSED
                                && (entry.reason().startsWith("keeps tensors between runs")
                                        || entry.reason().startsWith("reads a dataset")
                                        || entry.reason().startsWith("writes into its input")
                                        || entry.reason().startsWith("calls Python")),
                        op -> takeAnyTensor.contains(op) && !AliasSafety.writesOrRetains(op)))
                .containsExactly(
                        "CompressElement", // copies
                        "DeepCopy", // copies
                        "DestroyTemporaryVariable", // takes what a variable has kept
                        "ParallelConcat"); // copies into what it has made
    }

    private static List<String> ops(Predicate<OperationList.Entry> entries, Predicate<String> names) {
        return LIST.names().stream()
                .filter(op -> entries.test(LIST.entry(op).orElseThrow()))
                .filter(names)
                .toList();
    }
}
