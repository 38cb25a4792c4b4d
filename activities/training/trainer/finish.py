"""The finished model: whole weights as safetensors with all that serving needs; adapters are merged, and kept beside."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rows import end_of_turn, start_of_turn


def finish(trainer: Any, tokenizer: Any, artefact: Path, scratch: bool, kind: str) -> None:
    """Called by every rank; rank 0 writes. Not `save_model`: it adds a pickle, and an artefact holds none."""
    # Shards are brought together by all ranks.
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped) if kind == "fsdp2" else None
    if trainer.args.process_index == 0:
        model = trainer.model
        if hasattr(model, "merge_and_unload"):
            save_adapter(model, artefact / "adapter")
            model = model.merge_and_unload(safe_merge=True)
        if not scratch:
            make_ready_to_answer(model, tokenizer)
        model.save_pretrained(artefact, **({} if state is None else {"state_dict": state}))
        tokenizer.save_pretrained(artefact)
    trainer.accelerator.wait_for_everyone()


def save_adapter(model: Any, directory: Path) -> None:
    """The same bytes each time: PEFT writes the targets, a set, in an order of chance. Its own card tells nothing."""
    model.save_pretrained(directory)
    (directory / "README.md").unlink(missing_ok=True)
    place = directory / "adapter_config.json"
    config = json.loads(place.read_text())
    config["target_modules"] = sorted(config["target_modules"])
    place.write_text(json.dumps(config, indent=2, sort_keys=True))


def make_ready_to_answer(model: Any, tokenizer: Any) -> None:
    """Greedy unless asked otherwise, ending where a turn ends; `transformers serve` takes the reply as plain text."""
    end = end_of_turn(tokenizer)
    model.config.use_cache = True
    config = model.generation_config
    config.do_sample = False
    config.temperature = config.top_p = config.top_k = None
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    known = [number for number in ends if number is not None]
    number = tokenizer.convert_tokens_to_ids(end)
    config.eos_token_id = known if number in known else [*known, number]
    if config.pad_token_id is None:
        config.pad_token_id = number
    if not getattr(tokenizer, "response_template", None):
        closes = list(dict.fromkeys([end, *([tokenizer.eos_token] if tokenizer.eos_token else [])]))
        tokenizer.response_template = {
            "defaults": {"role": "assistant"},
            "start_anchor": start_of_turn(tokenizer),
            "fields": {"content": {"close": closes, "content": "text"}},
        }
