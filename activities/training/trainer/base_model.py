"""The model that is trained, and its tokenizer: made from nothing, from a directory, or from a GGUF file.

A resume takes whole weights from its checkpoint; adapters and shards are loaded by the trainer, on top of the base model.
Nothing here runs code of a model's own, and only safetensors and GGUF are read (activities/training/models).
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from from_scratch import make_model, make_tokenizer
from gguf_model import converted
from rows import DataError, Row

SAFE = {"local_files_only": True, "trust_remote_code": False}


def tokenizer_for(job: dict[str, Any], rows: list[Row], first: bool) -> Any:
    """`first`: this rank may write; the others begin when it is done."""
    from transformers import AutoTokenizer

    recipe, directory = job["recipe"], Path(job["directory"])
    # Beside shards there is none: then it is had, or made, as at the start.
    if job["resumeFrom"] and (Path(job["resumeFrom"]) / "tokenizer_config.json").exists():
        return AutoTokenizer.from_pretrained(job["resumeFrom"], **SAFE)
    if recipe["model"]["base"] == "scratch":
        if first:
            return make_tokenizer(rows, recipe["tokenizer"], directory / "tokenizer")
        return AutoTokenizer.from_pretrained(directory / "tokenizer", **SAFE)
    tokenizer = AutoTokenizer.from_pretrained(directory_of(job["base"], first), **SAFE)
    if not tokenizer.chat_template:
        raise DataError(f"the tokenizer of the model {recipe['model']['name']} has no chat template")
    return tokenizer


def directory_of(base: dict[str, Any], first: bool) -> Path:
    return Path(base["path"]) if base["kind"] == "directory" else converted(base, first)


def model_for(job: dict[str, Any], tokenizer: Any, strategy: dict[str, str]) -> Any:
    recipe, resume_from = job["recipe"], job["resumeFrom"]
    lora = recipe.get("lora")
    if resume_from and not lora and has_weights(Path(resume_from)):
        return load(Path(resume_from), strategy, whole=True)
    if recipe["model"]["base"] == "scratch":
        return make_model(tokenizer, recipe["model"], recipe["maxLength"])
    model = load(directory_of(job["base"], first=False), strategy, whole=not lora)
    check_fit(model, tokenizer, recipe)
    return with_adapters(model, lora, recipe["model"]["name"]) if lora else model


def has_weights(checkpoint: Path) -> bool:
    return any((checkpoint / name).exists() for name in ("model.safetensors", "model.safetensors.index.json"))


def load(directory: Path, strategy: dict[str, str], whole: bool) -> Any:
    """Weights that are trained stay in fp32, and are computed with in the precision; those below adapters have it."""
    import torch
    from transformers import AutoModelForCausalLM

    half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(strategy["precision"], torch.float32)
    return AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32 if whole else half, use_safetensors=True, **SAFE
    )


def check_fit(model: Any, tokenizer: Any, recipe: dict[str, Any]) -> None:
    config = model.config
    if len(tokenizer) > config.vocab_size:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the model {config.vocab_size}: they do not fit")
    longest = getattr(config, "max_position_embeddings", None)
    if longest is not None and recipe["maxLength"] > longest:
        raise ValueError(f"maxLength {recipe['maxLength']} is beyond the model's {longest} positions")


def with_adapters(model: Any, lora: dict[str, Any], name: str) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora["targets"],
        bias="none",
    )
    adapted = get_peft_model(model, config)
    # Not the path on this host.
    adapted.peft_config["default"].base_model_name_or_path = name
    return adapted
