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
from arguments import arguments, strategy_of, world_size, wrapped_as  # noqa: E402
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
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    from base_model import model_for, tokenizer_for
    from callback import SupervisionCallback, TokenCount
    from early_stop import EarlyStop
    from finish import finish
    from rows import encode_rows, read_rows

    recipe, resume_from = job["recipe"], job["resumeFrom"]
    torch.set_num_threads(recipe["threads"])
    if not torch.cuda.is_available():
        # Else accelerate's ranks are on "cpu:0", and transformers cannot load an optimizer to a device of that name.
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    args = SFTConfig(**arguments(job, strategy, torch.cuda.is_available()))
    set_seed(job["seed"])

    events.enter("loadData")
    rows = read_rows(Path(job["dataset"]))
    with args.main_process_first(local=False, desc="tokenizer"):
        tokenizer = tokenizer_for(job, rows, first=args.process_index == 0)
    encoded, over_long = encode_rows(rows, tokenizer, recipe["maxLength"])
    lengths = [len(row.input_ids) for row in encoded]
    events.write("data", rows=len(encoded), overLong=over_long, longest=max(lengths), tokens=sum(lengths))

    events.enter("loadModel")
    model = model_for(job, tokenizer, strategy)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    parameters = sum(weight.numel() for weight in model.parameters())
    events.write("model", parameters=parameters, trained=trained, vocab=len(tokenizer))

    def rows_of(chosen: list[Any]) -> Dataset:
        return Dataset.from_dict({"input_ids": [row.input_ids for row in chosen], "labels": [row.labels for row in chosen]})

    held_out = held_out_rows(recipe, len(encoded))
    stop = EarlyStop.of_recipe(recipe) if held_out else None
    sample = sampler(job, tokenizer, rows[len(rows) - held_out :], events, lambda: trainer)
    control = Control(directory, job["epoch"])
    callback = SupervisionCallback(
        events, control, lambda: wrapped_as(trainer.model_wrapped), strategy["kind"], stop, sample
    )
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        args=args,
        train_dataset=rows_of(encoded[: len(encoded) - held_out]),
        eval_dataset=rows_of(encoded[len(encoded) - held_out :]) if held_out else None,
        callbacks=[callback],
    )
    trainer.data_collator = callback.tokens = TokenCount(trainer.data_collator)
    if resume_from:
        events.enter("resume")
    trainer.train(resume_from_checkpoint=resume_from)
    if not callback.stopped:
        events.enter("finish")
        finish(trainer, tokenizer, Path(job["artefact"]), recipe["model"]["base"] == "scratch", strategy["kind"])
    events.end("stopped" if callback.stopped else "earlyStop" if callback.ended_early else "completed")
    if world_size() > 1:
        torch.distributed.destroy_process_group()


def held_out_rows(recipe: dict[str, Any], rows: int) -> int:
    """The last rows, at most a tenth of all: the same ones in each attempt."""
    wanted = (recipe.get("evaluation") or {}).get("rows", 0)
    return min(wanted, rows // 10)


def sampler(job: dict[str, Any], tokenizer: Any, held_out: list[Any], events: EventWriter, trainer_of: Any) -> Any:
    """Writes programs after an evaluation, on rank 0; None when the recipe asks for none."""
    from programs import write_programs

    evaluation = job["recipe"].get("evaluation") or {}
    count = min(evaluation.get("programs") or 0, len(held_out))
    if count == 0:
        return None

    def sample(step: int) -> None:
        trainer = trainer_of()
        if trainer.args.process_index == 0:
            target = Path(job["directory"]) / "programs" / f"{step}.jsonl"
            model = trainer.accelerator.unwrap_model(trainer.model_wrapped)
            write_programs(model, tokenizer, held_out[:count], target, evaluation.get("maxNewTokens"), events.alive)
            events.write("programs", count=count, file=f"programs/{step}.jsonl")
        trainer.accelerator.wait_for_everyone()

    return sample


if __name__ == "__main__":
    main()
