/** Exceptions, worded as Python, PyTorch, safetensors and the kernel word them (torch 2, transformers 5, measured with faults). */
import { type Case, exited, failed, healthy, hello, line, starting } from './observe.ts';

const one = exited(1);
const trace = (last: string): string =>
  `Traceback (most recent call last):\n  File "train.py", line 7, in <module>\n    main()\n${last}\n`;

const batch = { batch: { batchSize: 8, gradientAccumulation: 2 } } as const;

export const errors: readonly Case[] = [
  {
    name: 'out of GPU memory',
    ...{ class: 'cudaOom', cause: 'cudaOom/train/8', reaction: 'resume', evidence: 'CUDA out of memory' },
    events: [
      [
        ...healthy(),
        failed(
          'OutOfMemoryError',
          'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB',
        ),
      ],
    ],
    ...{ exit: one, seen: batch },
  },
  {
    name: 'out of GPU memory in a library',
    ...{ class: 'cudaOom', reaction: 'resume', evidence: 'CUBLAS_STATUS_ALLOC_FAILED' },
    events: [
      [
        ...healthy(),
        failed('RuntimeError', 'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`'),
      ],
    ],
    exit: one,
  },
  {
    name: 'out of GPU memory, told by the log alone',
    ...{ class: 'cudaOom', cause: 'cudaOom/train/unknown', reaction: 'resume', evidence: 'out of memory' },
    log: trace('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.'),
    exit: one,
  },
  {
    name: "out of host memory in PyTorch's allocator, after an advance",
    ...{ class: 'hostOom', cause: 'hostOom/train', reaction: 'resume', evidence: 'DefaultCPUAllocator' },
    events: [
      [
        ...healthy(),
        failed(
          'RuntimeError',
          "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000000 bytes. Error code 12 (Cannot allocate memory)",
        ),
      ],
    ],
    ...{ exit: one, checkpoints: [5] },
  },
  {
    name: 'out of host memory in Python, without advance',
    ...{ class: 'hostOom', reaction: 'park', evidence: 'MemoryError in loadData' },
    ...{ log: trace('MemoryError'), events: [starting('loadData')], exit: one },
  },
  {
    name: 'a loss that is not a number',
    ...{ class: 'nan', cause: 'nan/log', reaction: 'resumeWith', evidence: 'loss NaN, told at step 10' },
    events: [
      [
        ...healthy(9),
        line('log', 10, { loss: 'nan', gradNorm: 'nan', nonfinite: true }),
        failed('NonFiniteLoss', 'loss nan, gradient norm nan at step 10', 'train', 10),
      ],
    ],
    ...{ exit: one, firstBadStep: 6, checkpoints: [5] },
  },
  {
    name: 'a gradient norm that is infinite',
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'gradient norm Infinity' },
    events: [[...healthy(9), line('log', 10, { loss: 1.5, gradNorm: 'inf', nonfinite: true })]],
    ...{ exit: one, firstBadStep: 6 },
  },
  {
    name: 'a filter that shows a loss of 0.0 for NaN, and exit 0',
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'a loss of exactly 0 without a gradient norm' },
    events: [
      [...healthy(9), line('log', 10, { loss: 0, gradNorm: null }), line('end', 40, { reason: 'completed' })],
    ],
    ...{ exit: exited(0), seen: { artefactWhole: true }, firstBadStep: 6 },
  },
  {
    name: 'ruined parameters at a save',
    ...{ class: 'nan', cause: 'nan/NonFiniteParameters', reaction: 'resumeWith', evidence: 'lm_head.weight' },
    events: [[...healthy(12), failed('NonFiniteParameters', 'lm_head.weight is not finite', 'save', 12)]],
    ...{ exit: one, firstBadStep: 11 },
  },
  {
    name: "autograd's search for anomalies",
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'SqrtBackward0' },
    events: [
      [
        ...healthy(),
        failed('RuntimeError', "Function 'SqrtBackward0' returned nan values in its 0th output."),
      ],
    ],
    exit: one,
  },
  {
    name: 'nothing finite after a resume: what was verified stays',
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'loss NaN' },
    events: [
      [line('hello', 20, { worldSize: 1 }), line('step', 21, { stepS: 1 }), line('log', 25, { loss: 'nan' })],
    ],
    ...{ exit: one, seen: { resumeStep: 20 }, firstBadStep: 21, checkpoints: [10, 20] },
  },
  {
    name: 'a full disk under safetensors',
    ...{
      class: 'diskFull',
      cause: 'diskFull/save',
      reaction: 'resumeWith',
      evidence: 'No space left on device',
    },
    events: [
      [
        ...healthy(),
        failed(
          'SafetensorError',
          'Error while serializing: I/O error: No space left on device (os error 28)',
          'save',
        ),
      ],
    ],
    exit: one,
  },
  {
    name: "a full disk under PyTorch's writer, which does not say so",
    ...{ class: 'diskFull', reaction: 'resumeWith', evidence: 'unexpected pos 576 vs 534' },
    events: [
      [
        ...healthy(),
        failed(
          'RuntimeError',
          '[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534',
          'save',
        ),
      ],
    ],
    exit: one,
  },
  {
    name: 'a quota',
    ...{ class: 'diskFull', reaction: 'resumeWith', evidence: 'Disk quota exceeded' },
    events: [[...healthy(), failed('OSError', "[Errno 122] Disk quota exceeded: 'state.json'", 'save')]],
    exit: one,
  },
  {
    name: 'a file beyond the limit of its size, by signal',
    ...{ class: 'diskFull', cause: 'diskFull/fileSize', reaction: 'resumeWith', evidence: 'exit code 153' },
    exit: exited(153),
  },
  {
    name: 'a torn checkpoint of safetensors',
    ...{ class: 'checkpointCorrupt', reaction: 'resumeWith', evidence: 'incomplete metadata' },
    events: [
      [
        ...starting('resume'),
        failed(
          'SafetensorError',
          'Error while deserializing header: incomplete metadata, file not fully covered',
          'resume',
          0,
        ),
      ],
    ],
    ...{ exit: one, seen: { resumeStep: 20 }, checkpoints: [10, 20] },
  },
  {
    name: 'a torn checkpoint of PyTorch',
    ...{ class: 'checkpointCorrupt', reaction: 'resumeWith', evidence: 'PytorchStreamReader failed' },
    events: [
      [
        ...starting('resume'),
        failed(
          'RuntimeError',
          'PytorchStreamReader failed reading zip archive: failed finding central directory.',
          'resume',
          0,
        ),
      ],
    ],
    ...{ exit: one, seen: { resumeStep: 20 }, checkpoints: [10, 20] },
  },
  {
    name: 'an empty checkpoint file',
    ...{ class: 'checkpointCorrupt', reaction: 'resumeWith', evidence: 'EOFError' },
    events: [[...starting('resume'), failed('EOFError', '', 'resume', 0)]],
    ...{ exit: one, seen: { resumeStep: 20 } },
  },
  {
    name: 'an import that fails, told by the log alone',
    ...{ class: 'code', cause: 'code/ModuleNotFoundError/start', reaction: 'park', evidence: 'flash_attn' },
    ...{ events: [[]], log: trace("ModuleNotFoundError: No module named 'flash_attn'"), exit: one },
  },
  {
    name: 'a key that is missing, in the first step',
    ...{ class: 'code', reaction: 'park', evidence: "KeyError in train: 'labels'" },
    events: [[...starting('train'), failed('KeyError', "'labels'", 'train', 0)]],
    exit: one,
  },
  {
    name: 'the same in a later step: one retry confirms it',
    ...{ class: 'code', reaction: 'resume', evidence: 'KeyError' },
    events: [[...healthy(), failed('KeyError', "'labels'")]],
    exit: one,
  },
  {
    name: 'shapes that do not fit',
    ...{ class: 'config', reaction: 'park', evidence: 'shapes cannot be multiplied' },
    events: [
      [
        ...starting('train'),
        failed('RuntimeError', 'mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)', 'train', 0),
      ],
    ],
    exit: one,
  },
  {
    name: 'a value that is refused',
    ...{ class: 'config', reaction: 'park', evidence: 'ValueError in loadModel' },
    events: [
      [...starting('loadModel'), failed('ValueError', 'hidden size 7 is no multiple of 2', 'loadModel', 0)],
    ],
    exit: one,
  },
  {
    name: 'a model that is not there',
    ...{ class: 'config', reaction: 'park', evidence: 'Repo id must be' },
    ...{ events: [starting('loadModel')], exit: one },
    log: trace("OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/nomodel'."),
  },
  {
    name: 'no GPU where one is needed',
    ...{ class: 'config', reaction: 'park', evidence: 'Found no NVIDIA driver' },
    events: [
      [
        ...starting('loadModel'),
        failed('RuntimeError', 'Found no NVIDIA driver on your system.', 'loadModel', 0),
      ],
    ],
    exit: one,
  },
  {
    name: 'weights of another shape',
    ...{ class: 'config', reaction: 'park', evidence: 'loading state_dict' },
    ...{ events: [starting('loadModel')], exit: one },
    log: trace(
      'RuntimeError: Error(s) in loading state_dict for Linear:\n\tsize mismatch for bias: copying a param with shape torch.Size([5])',
    ),
  },
  {
    name: 'a directory that cannot be written',
    ...{ class: 'config', reaction: 'park', evidence: 'Read-only file system' },
    events: [
      [...starting('loadData'), failed('OSError', "[Errno 30] Read-only file system: '/out'", 'loadData', 0)],
    ],
    exit: one,
  },
  {
    name: 'rows that are no JSON',
    ...{ class: 'data', reaction: 'park', evidence: 'JSONDecodeError' },
    ...{ events: [starting('loadData')], exit: one },
    log: trace('json.decoder.JSONDecodeError: Expecting value: line 1 column 15 (char 14)'),
  },
  {
    name: 'rows that the library cannot read',
    ...{ class: 'data', reaction: 'park', evidence: 'ValueError in loadData' },
    events: [
      [
        ...starting('loadData'),
        failed(
          'ValueError',
          'Unexpected character found when decoding object value at position 8',
          'loadData',
          0,
        ),
      ],
    ],
    exit: one,
  },
  {
    name: 'a data file that is torn',
    ...{ class: 'data', reaction: 'park', evidence: 'EOFError in loadData' },
    events: [[...starting('loadData'), failed('EOFError', 'Compressed file ended', 'loadData', 0)]],
    exit: one,
  },
  {
    name: 'a model file that is torn',
    ...{ class: 'config', reaction: 'park', evidence: 'invalid header length' },
    events: [
      [
        ...starting('loadModel'),
        failed('SafetensorError', 'Error while deserializing header: invalid header length', 'loadModel', 0),
      ],
    ],
    exit: one,
  },
  {
    name: 'rows that are too long',
    ...{ class: 'data', reaction: 'park', evidence: 'DataError' },
    events: [[...starting('loadData'), failed('DataError', '7 of 100 rows are too long', 'loadData', 0)]],
    exit: one,
  },
  {
    name: 'a bug of the framework in a later step',
    ...{ class: 'code', reaction: 'resume', evidence: 'BackendCompilerFailed' },
    events: [[...healthy(), failed('BackendCompilerFailed', "backend='inductor' raised", 'train')]],
    exit: one,
  },
  {
    name: 'an error before hello',
    ...{ class: 'code', reaction: 'park', evidence: 'SyntaxError' },
    events: [[line('phase', 0, { phase: 'import' }), failed('SyntaxError', 'invalid syntax', 'import', 0)]],
    exit: one,
  },
  {
    name: 'an error and a hello that lies about its size',
    ...{ class: 'config', reaction: 'resume', evidence: 'ValueError' },
    events: [[hello({ worldSize: -3, pid: 'x' }), ...healthy().slice(2), failed('ValueError', 'no')]],
    exit: one,
  },
];
