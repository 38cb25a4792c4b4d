"""Runs a trainer with FSDP2 on a CPU: `fsdp-on-cpu.py TRAIN.py JOB.json`, by torchrun.

accelerate shards on accelerators alone and falls back to DDP elsewhere; here its ranks over gloo count as ranks of GPUs. All
else is as the libraries have it: torch shards on a CPU as well.
"""
from __future__ import annotations

import os
import runpy
import sys

import accelerate.state
import torch.distributed
from accelerate.utils import DistributedType

prepare = accelerate.state.PartialState._prepare_backend


def as_gpus(self: object, *args: object, **kwargs: object) -> tuple[object, object]:
    backend, kind = prepare(self, *args, **kwargs)
    if kind == DistributedType.MULTI_CPU:
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        kind = DistributedType.MULTI_GPU
    return backend, kind


accelerate.state.PartialState._prepare_backend = as_gpus
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
