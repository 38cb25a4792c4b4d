"""What the model would write now: greedy replies to held-out queries, for somebody else to run. Nothing is run here.

`programs/STEP.jsonl` in the attempt's directory, a line per query: {"query", "reply", "ended"}; `ended` is false for a reply
that was cut at the limit of tokens.
"""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rows import Row, end_of_turn, render

BATCH = 8
MAX_NEW_TOKENS = 1024


def write_programs(model: Any, tokenizer: Any, rows: list[Row], target: Path, limit: int | None, alive: Callable[[], None]) -> Path:
    """Leaves the model as it was, and draws no random number: a run with evaluations trains as one without."""
    training = model.training
    model.eval()
    try:
        lines = []
        for start in range(0, len(rows), BATCH):
            lines += replies(model, tokenizer, rows[start : start + BATCH], limit or MAX_NEW_TOKENS, alive)
    finally:
        model.train(training)
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(".draft")
    draft.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    draft.replace(target)
    return target


def replies(model: Any, tokenizer: Any, rows: list[Row], limit: int, alive: Callable[[], None]) -> list[dict[str, Any]]:
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Beat(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            alive()
            return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    end = tokenizer.convert_tokens_to_ids(end_of_turn(tokenizer))
    prompts = [tokenizer(render(tokenizer, row.prompt), add_special_tokens=False)["input_ids"] for row in rows]
    width = max(len(prompt) for prompt in prompts)
    fill = [width - len(prompt) for prompt in prompts]
    device = next(model.parameters()).device
    # On the left, so that all replies begin at one place.
    ids = torch.tensor([[end] * empty + prompt for empty, prompt in zip(fill, prompts)], device=device)
    mask = torch.tensor([[0] * empty + [1] * len(prompt) for empty, prompt in zip(fill, prompts)], device=device)
    with torch.no_grad():
        written = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=limit,
            do_sample=False,
            use_cache=True,
            eos_token_id=end,
            pad_token_id=end,
            stopping_criteria=StoppingCriteriaList([Beat()]),
        )[:, width:].tolist()
    return [
        {
            "query": row.prompt[-1]["content"],
            "reply": tokenizer.decode(tokens[: tokens.index(end)] if end in tokens else tokens),
            "ended": end in tokens,
        }
        for row, tokens in zip(rows, written)
    ]
