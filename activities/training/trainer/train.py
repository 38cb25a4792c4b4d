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
    directory = Path(job["directory"])
    events = EventWriter(directory, job["run"], job["epoch"])
    events.report_uncaught()
    events.step = job["resumeStep"] or 0
    events.max_steps = job["recipe"]["maxSteps"]
    events.write("phase", edge="begin")
    events.beat_every(2.0)
    versions = import_libraries()
    events.write(
        "hello", host=os.uname().nodename, pid=os.getpid(), worldSize=1, versions=versions,
        resumeFrom=job["resumeFrom"], resumeStep=job["resumeStep"], configSha=job["configSha"],
    )
    train(job, directory, events)


def import_libraries() -> dict[str, str]:
    import torch
    import transformers
    import trl

    return {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__}


def train(job: dict[str, Any], directory: Path, events: EventWriter) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
    from trl import SFTConfig, SFTTrainer

    from callback import SupervisionCallback
    from from_scratch import make_model, make_tokenizer
    from rows import encode_rows, read_rows

    recipe, resume_from = job["recipe"], job["resumeFrom"]
    torch.set_num_threads(recipe["threads"])
    set_seed(job["seed"])

    events.enter("loadData")
    rows = read_rows(Path(job["dataset"]))
    if resume_from:
        tokenizer = AutoTokenizer.from_pretrained(resume_from)
    else:
        tokenizer = make_tokenizer(rows, recipe["tokenizer"], directory / "tokenizer")
    encoded, over_long = encode_rows(rows, tokenizer, recipe["maxLength"])
    lengths = [len(row.input_ids) for row in encoded]
    events.write("data", rows=len(encoded), overLong=over_long, longest=max(lengths), tokens=sum(lengths))

    events.enter("loadModel")
    if resume_from:
        model = AutoModelForCausalLM.from_pretrained(resume_from, dtype=torch.float32)
    else:
        model = make_model(tokenizer, recipe["model"], recipe["maxLength"])
    events.write("model", parameters=sum(weight.numel() for weight in model.parameters()), vocab=len(tokenizer))

    callback = SupervisionCallback(events, Control(directory, job["epoch"]))
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        args=SFTConfig(**arguments(job, torch.cuda.is_available())),
        train_dataset=Dataset.from_dict(
            {"input_ids": [row.input_ids for row in encoded], "labels": [row.labels for row in encoded]}
        ),
        callbacks=[callback],
    )
    if resume_from:
        events.enter("resume")
    trainer.train(resume_from_checkpoint=resume_from)
    if callback.stopped:
        events.write("end", reason="stopped")
        return
    events.enter("finish")
    # Not `save_model`: it adds a pickle, and an artefact holds none.
    trainer.model.save_pretrained(job["artefact"])
    tokenizer.save_pretrained(job["artefact"])
    events.write("end", reason="completed")


def arguments(job: dict[str, Any], cuda: bool) -> dict[str, Any]:
    recipe = job["recipe"]
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
        "bf16": cuda,
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
        "report_to": "none",
        "disable_tqdm": True,
    }


if __name__ == "__main__":
    main()
