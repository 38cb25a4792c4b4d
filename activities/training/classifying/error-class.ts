/**
 * Classes of exceptions by type and message, as Python, PyTorch, transformers and the kernel word them. Patterns are
 * anchored on whole phrases of those programs and linear; texts are cut before they come here.
 */
import type { FailureClass } from '../../../workflows/training/contract.ts';

export interface NamedError {
  /** The exception's class, with or without its module. */
  readonly type: string;
  readonly message: string;
  readonly phase: string;
}

/** The end of another rank, as its partners see it: never the cause when some rank told another error. */
export function isCascade({ type, message }: Pick<NamedError, 'type' | 'message'>): boolean {
  return cascadeTypes.has(bare(type)) || cascadeWords.test(message);
}

const cascadeTypes = new Set(['DistBackendError', 'DistNetworkError', 'DistStoreError', 'ChildFailedError']);
const cascadeWords =
  /Watchdog caught collective operation timeout|NCCL communicator was aborted|NCCL error|ncclRemoteError|ncclSystemError|Connection closed by peer|gloo\/transport\/tcp|Timed out waiting \d{1,12}ms for (?:recv|send)|Socket Timeout|connectFullMesh failed|Rank \d{1,6} successfully reached monitoredBarrier|monitoredBarrier/;

export function classOfError(error: NamedError): FailureClass {
  const type = bare(error.type);
  const { message, phase } = error;
  const text = `${type}: ${message}`;
  if (gpuBroken.test(message)) return 'gpuHardware';
  if (isCascade(error)) return 'collectiveTimeout';
  if (notFinite.test(text)) return 'nan';
  if (gpuMemory.test(message) || (type === 'OutOfMemoryError' && !/CPU/.test(message))) return 'cudaOom';
  if (type === 'MemoryError' || hostMemory.test(message)) return 'hostOom';
  if (noRoom.test(message) || tornWrite.test(message)) return 'diskFull';
  const readsFile = classOfDamage[phase];
  if (readsFile && damagedFile.test(text)) return readsFile;
  if (dataTypes.has(type) || (phase === 'loadData' && dataShapes.has(type))) return 'data';
  if (setup.test(text)) return 'config';
  return codeTypes.has(type) ? 'code' : 'config';
}

/** What a phase reads. */
const classOfDamage: Readonly<Record<string, FailureClass>> = {
  ...{ resume: 'checkpointCorrupt', loadModel: 'config', loadData: 'data' },
};

const gpuBroken =
  /uncorrectable (?:NVLink|ECC) error|CUDA error: uncorrectable|GPU (?:has fallen off|is lost)|fallen off the bus|hardware stack error|Unable to determine the device handle for GPU|double[- ]bit ECC/i;
const notFinite = /^(?:NonFinite\w{0,40}|FloatingPointError): |returned nan values in its \d+th output/;
const gpuMemory =
  /(?:CUDA|HIP|XPU|MPS)(?: backend)? (?:error: )?out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED/;
const hostMemory =
  /DefaultCPUAllocator: (?:can't allocate|not enough) memory|Cannot allocate memory|Errno 12\]|os error 12\)|unable to mmap \d+ bytes/;
const noRoom =
  /No space left on device|Disk quota exceeded|File too large|Errno (?:28|122|27)\]|os error (?:28|122|27)\)|ENOSPC|EDQUOT/;
/** What PyTorch's zip writer says when the disk took less than it gave. */
const tornWrite = /PytorchStreamWriter failed writing|unexpected pos \d{1,20} vs \d{1,20}/;
const damagedFile =
  /^(?:SafetensorError|UnpicklingError|BadZipFile|EOFError|CheckpointException): |PytorchStreamReader failed|invalid header or archive is corrupted|MetadataIncompleteBuffer|HeaderTooLarge|InvalidHeader|incomplete metadata/;
const setup =
  /size mismatch for |Error\(s\) in loading state_dict|shapes cannot be multiplied|no CUDA GPUs are available|Found no NVIDIA driver|no kernel image is available|Torch not compiled with CUDA|not divisible by|Read-only file system|Permission denied/;

const dataTypes = new Set([
  ...['DataError', 'JSONDecodeError', 'UnicodeDecodeError', 'ArrowInvalid', 'ArrowTypeError'],
  ...['DatasetGenerationError', 'DatasetGenerationCastError', 'DataFilesNotFoundError', 'CastError'],
]);
const dataShapes = new Set(['KeyError', 'IndexError', 'TypeError', 'ValueError', 'FileNotFoundError']);
const codeTypes = new Set([
  ...[
    'ImportError',
    'ModuleNotFoundError',
    'AttributeError',
    'NameError',
    'UnboundLocalError',
    'SyntaxError',
  ],
  ...['IndentationError', 'RuntimeError', 'AcceleratorError', 'AssertionError', 'KeyError', 'IndexError'],
  ...['TypeError', 'NotImplementedError', 'RecursionError', 'ZeroDivisionError', 'ArithmeticError', 'Error'],
  ...['BackendCompilerFailed', 'InductorError', 'TorchRuntimeError', 'InternalTorchDynamoError'],
]);

/** Somebody's order to end, as Python and torchrun tell it: an answer to a signal, and no fault. The signal's number where it is told. */
export function orderedEnd({ type, message }: Pick<NamedError, 'type' | 'message'>): number | undefined {
  if (bare(type) === 'KeyboardInterrupt') return 2;
  if (bare(type) === 'SystemExit') return 0;
  if (bare(type) !== 'SignalException') return undefined;
  return Number(/got signal: (\d{1,2})$/.exec(message)?.[1] ?? 15);
}

/** `torch.cuda.OutOfMemoryError` is `OutOfMemoryError`. */
function bare(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}
