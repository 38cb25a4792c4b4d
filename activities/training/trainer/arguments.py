"""From a recipe to TRL's arguments, and what the launcher's environment makes of it: one process, DDP or FSDP2."""
from __future__ import annotations

import os
from typing import Any


def world_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def strategy_of(recipe: dict[str, Any]) -> dict[str, str]:
    """What is asked for; `wrapped_as` tells at the start of training what came of it."""
    import torch

    asked = recipe.get("strategy") or {}
    wanted = recipe.get("precision") or asked.get("precision")
    precision = wanted or ("bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "fp32")
    if asked.get("kind") == "fsdp2":
        # Read by transformers when a model is loaded: rank 0 alone reads the weights from the disk.
        os.environ["ACCELERATE_USE_FSDP"] = "true"
        return {"kind": "fsdp2", "precision": precision}
    return {"kind": "ddp" if world_size() > 1 else "single", "precision": precision}


def wrapped_as(model: Any) -> str:
    from torch.distributed.fsdp import FSDPModule
    from torch.nn.parallel import DistributedDataParallel

    if type(model).__name__ == "DeepSpeedEngine":
        return "zero3"
    if isinstance(model, FSDPModule):
        return "fsdp2"
    return "ddp" if isinstance(model, DistributedDataParallel) else "single"


def arguments(job: dict[str, Any], strategy: dict[str, str], cuda: bool) -> dict[str, Any]:
    recipe, precision = job["recipe"], strategy["precision"]
    evaluation = {"eval_strategy": "steps", "eval_steps": recipe["saveSteps"]} if recipe.get("evaluation") else {}
    return {
        "output_dir": job["output"],
        "per_device_train_batch_size": recipe["batchSize"],
        "gradient_accumulation_steps": recipe["gradientAccumulation"],
        "max_steps": recipe["maxSteps"],
        "learning_rate": recipe["learningRate"],
        "warmup_steps": recipe["warmupSteps"],
        "lr_scheduler_type": recipe["schedule"],
        "weight_decay": recipe["weightDecay"],
        "max_grad_norm": recipe["maxGradNorm"],
        "max_length": recipe["maxLength"],
        "save_strategy": "steps",
        "save_steps": recipe["saveSteps"],
        "save_total_limit": None,  # the supervisor owns retention
        "logging_steps": recipe["logSteps"],
        "logging_nan_inf_filter": False,  # else a NaN loss is logged as 0.0 and the run "succeeds"
        "seed": job["seed"],
        "data_seed": job["seed"],
        "use_cpu": not cuda,
        "ddp_backend": ("nccl" if cuda else "gloo") if world_size() > 1 else None,
        "bf16": precision == "bf16",
        "fp16": precision == "fp16",
        "per_device_eval_batch_size": recipe["batchSize"],
        **evaluation,
        **memory(recipe, strategy["kind"]),
        **packing(recipe),
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
        "report_to": "none",
        "disable_tqdm": True,
    }


def memory(recipe: dict[str, Any], kind: str) -> dict[str, Any]:
    """A sharded model has its own way to compute activations again."""
    again = bool(recipe.get("gradientCheckpointing"))
    if kind == "fsdp2":
        return {"gradient_checkpointing": False, "fsdp": True, "fsdp_config": fsdp_config(again)}
    # "use_reentrant" stands there also without: TRL's own default for it differs between releases.
    return {"gradient_checkpointing": again, "gradient_checkpointing_kwargs": {"use_reentrant": False} if again else None}


def fsdp_config(activation_checkpointing: bool) -> dict[str, Any]:
    """Weights, gradients and optimizer in shards, a unit per layer; each rank saves its own shards by DCP."""
    return {
        "version": 2,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "reshard_after_forward": True,
        "state_dict_type": "SHARDED_STATE_DICT",
        "cpu_ram_efficient_loading": True,
        "activation_checkpointing": activation_checkpointing,
    }


def packing(recipe: dict[str, Any]) -> dict[str, Any]:
    """Best fit first, no row cut. TRL gives each row positions from 0 and no attention mask, by which transformers masks
    every row from the others (masking_utils, `find_packed_sequence_indices`); the first label of each row is left out."""
    if not recipe.get("packing"):
        return {}
    return {"packing": True, "packing_strategy": "bfd", "eval_packing": False}
