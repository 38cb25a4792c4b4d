"""Rows of the dataset: chat JSON lines `{"messages": [system?, user, assistant]}` -> token ids and labels.

The loss covers the response alone: exactly the assistant's text and the end-of-turn token; everything before is -100.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

END_OF_TURN = "<|im_end|>"  # of the tokenizer from scratch
IGNORED = -100
OVER_LONG_SHARE = 0.01
ASKED = [{"role": "user", "content": "a question"}]


class DataError(ValueError):
    """The dataset cannot be trained on; the message names file, line and reason."""


@dataclass(frozen=True)
class Row:
    prompt: list[dict[str, str]]
    response: str


@dataclass(frozen=True)
class Encoded:
    input_ids: list[int]
    labels: list[int]


def read_rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_parse(line, f"{path.name}:{number}"))
    if not rows:
        raise DataError(f"{path.name}: no rows; build the dataset again")
    return rows


def encode_rows(rows: list[Row], tokenizer: Any, max_length: int) -> tuple[list[Encoded], int]:
    """Encodes what fits `max_length`; the second value counts the rest. Above 1 % of the rows that is refused."""
    end = end_of_turn(tokenizer)
    encoded = [encode(row, tokenizer, end) for row in rows]
    fitting = [row for row in encoded if len(row.input_ids) <= max_length]
    over_long = len(encoded) - len(fitting)
    if over_long > OVER_LONG_SHARE * len(encoded):
        longest = max(len(row.input_ids) for row in encoded)
        raise DataError(
            f"{over_long} of {len(encoded)} rows are longer than maxLength {max_length} (longest: {longest} tokens); "
            "raise maxLength in the recipe"
        )
    return fitting, over_long


def encode(row: Row, tokenizer: Any, end: str) -> Encoded:
    prompt = tokenizer(render(tokenizer, row.prompt), add_special_tokens=False)["input_ids"]
    response = tokenizer(row.response + end, add_special_tokens=False)["input_ids"]
    return Encoded(prompt + response, [IGNORED] * len(prompt) + response)


def render(tokenizer: Any, prompt: list[dict[str, str]], turn: bool = True) -> str:
    """By the tokenizer's own chat template, up to where the assistant begins (`turn`)."""
    return tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=turn)


def end_of_turn(tokenizer: Any) -> str:
    """The token that the chat template writes after an assistant's text: what a model must learn to stop with."""
    told = "response-without-end"
    after = tokenizer.apply_chat_template([*ASKED, {"role": "assistant", "content": told}], tokenize=False).rpartition(told)[2]
    if after:
        number = tokenizer(after, add_special_tokens=False)["input_ids"][0]
        if number in tokenizer.added_tokens_decoder:
            return tokenizer.added_tokens_decoder[number].content
    raise DataError("the tokenizer's chat template writes no end of the assistant's turn: it cannot be trained on")


def start_of_turn(tokenizer: Any) -> str:
    """What stands between a question and the assistant's text."""
    return render(tokenizer, ASKED).removeprefix(render(tokenizer, ASKED, turn=False))


def _parse(line: str, place: str) -> Row:
    try:
        messages = json.loads(line)["messages"]
        roles = [message["role"] for message in messages]
        texts = [message["content"] for message in messages]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{place}: not a chat row ({type(error).__name__}: {error})") from error
    if roles[-2:] != ["user", "assistant"] or any(role not in ("system", "user", "assistant") for role in roles):
        raise DataError(f"{place}: roles are {roles}, expected [system], user, assistant")
    if not all(isinstance(text, str) and text for text in texts):
        raise DataError(f"{place}: empty content")
    prompt = [{"role": role, "content": text} for role, text in zip(roles[:-1], texts[:-1])]
    return Row(prompt, texts[-1])
