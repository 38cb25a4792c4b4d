"""Supervised fine-tuning with TRL, driven by one job file: `train.py JOB.json` (shape: activities/training/job.ts).

Reads chat rows, trains on the responses alone, writes events (events.py), checkpoints under `output` and the finished
model under `artefact`. It resumes only from the explicit directory in the job, and decides nothing about failures.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "protocol")]
from events import Control, EventWriter  # noqa: E402


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    events = EventWriter.of_job(job)
    versions = import_libraries()
    strategy = strategy_of(job["recipe"])
    events.hello(job, strategy["kind"], strategy["precision"], versions)
    train(job, Path(job["directory"]), events, strategy)


def import_libraries() -> dict[str, str]:
    import torch
    import transformers
    import trl

    return {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__}


def train(job: dict[str, Any], directory: Path, events: EventWriter, strategy: dict[str, str]) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
    from trl import SFTConfig, SFTTrainer

    from callback import SupervisionCallback
    from from_scratch import make_model, make_tokenizer
    from rows import encode_rows, read_rows

    recipe, resume_from = job["recipe"], job["resumeFrom"]
    torch.set_num_threads(recipe["threads"])
    if not torch.cuda.is_available():
        # Else accelerate's ranks are on "cpu:0", and transformers cannot load an optimizer to a device of that name.
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    args = SFTConfig(**arguments(job, strategy["precision"], torch.cuda.is_available()))
    set_seed(job["seed"])

    events.enter("loadData")
    rows = read_rows(Path(job["dataset"]))
    with args.main_process_first(local=False, desc="tokenizer"):
        if resume_from:
            tokenizer = AutoTokenizer.from_pretrained(resume_from)
        elif args.process_index == 0:
            tokenizer = make_tokenizer(rows, recipe["tokenizer"], directory / "tokenizer")
        else:
            tokenizer = AutoTokenizer.from_pretrained(directory / "tokenizer")
    encoded, over_long = encode_rows(rows, tokenizer, recipe["maxLength"])
    lengths = [len(row.input_ids) for row in encoded]
    events.write("data", rows=len(encoded), overLong=over_long, longest=max(lengths), tokens=sum(lengths))

    events.enter("loadModel")
    if resume_from:
        model = AutoModelForCausalLM.from_pretrained(resume_from, dtype=torch.float32)
    else:
        model = make_model(tokenizer, recipe["model"], recipe["maxLength"])
    events.write("model", parameters=sum(weight.numel() for weight in model.parameters()), vocab=len(tokenizer))

    def rows_of(chosen: list[Any]) -> Dataset:
        return Dataset.from_dict({"input_ids": [row.input_ids for row in chosen], "labels": [row.labels for row in chosen]})

    held_out = held_out_rows(recipe, len(encoded))
    control = Control(directory, job["epoch"])
    callback = SupervisionCallback(events, control, lambda: wrapped_as(trainer.model_wrapped), strategy["kind"])
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        args=args,
        train_dataset=rows_of(encoded[: len(encoded) - held_out]),
        eval_dataset=rows_of(encoded[len(encoded) - held_out :]) if held_out else None,
        callbacks=[callback],
    )
    if resume_from:
        events.enter("resume")
    trainer.train(resume_from_checkpoint=resume_from)
    if not callback.stopped:
        events.enter("finish")
        if args.process_index == 0:
            # Not `save_model`: it adds a pickle, and an artefact holds none.
            trainer.model.save_pretrained(job["artefact"])
            tokenizer.save_pretrained(job["artefact"])
        trainer.accelerator.wait_for_everyone()
    events.end("stopped" if callback.stopped else "completed")
    if world_size() > 1:
        torch.distributed.destroy_process_group()


def world_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def strategy_of(recipe: dict[str, Any]) -> dict[str, str]:
    """What the launcher's environment asks for; `wrapped_as` tells at the start of training what came of it."""
    import torch

    wanted = (recipe.get("strategy") or {}).get("precision")
    precision = wanted or ("bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "fp32")
    if os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true":
        return {"kind": "zero3", "precision": precision}
    if os.environ.get("ACCELERATE_USE_FSDP") == "true":
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


def held_out_rows(recipe: dict[str, Any], rows: int) -> int:
    """The last rows, at most a tenth of all: the same ones in each attempt."""
    wanted = (recipe.get("evaluation") or {}).get("rows", 0)
    return min(wanted, rows // 10)


def arguments(job: dict[str, Any], precision: str, cuda: bool) -> dict[str, Any]:
    recipe = job["recipe"]
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
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
        "report_to": "none",
        "disable_tqdm": True,
    }


if __name__ == "__main__":
    main()
