"""The one TrainerCallback: writes the protocol's events and obeys `control.json`. Nothing in transformers is patched.

With several ranks each writes its own events and its part of a checkpoint's manifest; rank 0 reads the orders,
and all act alike at the same step.
"""
from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from early_stop import EarlyStop
from events import Control, EventWriter

# States of random numbers, and shards as DCP writes them.
FILE_OF_RANK = re.compile(r"^(?:rng_state_(\d+)\.pth|__(\d+)_\d+\.distcp)$")


class NonFiniteLoss(ArithmeticError):
    """Loss or gradient norm is not finite: going on would save ruined weights."""


class NonFiniteParameters(ArithmeticError):
    """A parameter is not finite: a checkpoint of it would be ruined."""


class StrategyMismatch(ValueError):
    """The model is not wrapped as `hello` said: a library fell back to another strategy."""


class TokenCount:
    """A collator that counts the tokens of the batches which this rank took, padding left out. The loader takes one ahead."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate
        self._seen = 0

    def __call__(self, rows: Any) -> Any:
        batch = self._collate(rows)
        mask = batch.get("attention_mask")
        self._seen += batch["input_ids"].numel() if mask is None else int(mask.sum())
        return batch

    def take(self) -> int:
        seen, self._seen = self._seen, 0
        return seen


class SupervisionCallback(TrainerCallback):
    """`stop`: whether a recipe ends early; `evaluated`: called with the step after each evaluation, for more than its loss."""

    def __init__(
        self,
        events: EventWriter,
        control: Control,
        actual: Callable[[], str],
        said: str,
        stop: EarlyStop | None = None,
        evaluated: Callable[[int], None] | None = None,
    ) -> None:
        self._events = events
        self._stop = stop
        self._evaluated = evaluated
        self._control = control
        self._actual = actual
        self._said = said
        self._step_at = time.monotonic()
        self._saving_since = 0.0
        self._scaler_skips = 0
        self._skipped_now = False
        self.tokens: TokenCount | None = None
        self.stopped = False
        self.ended_early = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._actual() != self._said:
            raise StrategyMismatch(f"the model runs as {self._actual()}, not as {self._said}: see the launcher's settings")
        self._events.step, self._events.max_steps = state.global_step, state.max_steps
        self._events.enter("train")
        self._step_at = time.monotonic()

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        events = self._events
        events.alive()
        events.step = state.global_step
        now = time.monotonic()
        self._skipped_now = bool(getattr(optimizer, "step_was_skipped", False))
        self._scaler_skips += self._skipped_now
        told = {"tokens": self.tokens.take()} if self.tokens else {}
        events.write("step", stepS=round(now - self._step_at, 4), samples=args.train_batch_size, **told, **self._skips())
        self._step_at = now
        command = self._control.next_for_all()
        if command in ("save", "saveStop"):
            control.should_save = True
        if command in ("saveStop", "stop"):
            control.should_training_stop = True
            self.stopped = True
            events.write("stopAck", cmd=command)
        if control.should_save:
            require_finite(model, state.global_step)
        if control.should_evaluate:
            events.enter("eval")
        elif control.should_save:
            self._begin_save()

    def on_prediction_step(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._events.alive()

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, metrics: dict[str, float] | None = None, **_: Any
    ) -> None:
        # As HF names them, `eval_loss` and so on: `loss` is that of the training, and `epoch` is the attempt's.
        told = {name: value for name, value in (metrics or {}).items() if name.startswith("eval_") and isinstance(value, (int, float))}
        self._events.write("eval", **dict(list(told.items())[:16]))
        if self._evaluated:
            self._evaluated(state.global_step)
        reason = self._stop.reason(state.log_history) if self._stop else None
        if reason and not self.stopped:
            self._events.write("earlyStop", **reason)
            self.ended_early = control.should_training_stop = True
        if control.should_save:
            self._begin_save()
        else:
            self._resume_steps()

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if not logs or "loss" not in logs:
            return
        loss, norm = float(logs["loss"]), logs.get("grad_norm")
        norm = None if norm is None else float(norm)
        broken = is_broken(loss, norm, self._skipped_now)
        self._events.write("log", loss=loss, gradNorm=norm, lr=logs.get("learning_rate"), nonfinite=broken, **self._skips())
        if broken:
            raise NonFiniteLoss(f"loss {loss}, gradient norm {norm} at step {state.global_step}")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        directory = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        self._events.saved(directory, files_of_rank(directory, args.process_index), self._saving_since)
        self._resume_steps()

    def _begin_save(self) -> None:
        self._saving_since = time.monotonic()
        self._events.enter("save")

    def _resume_steps(self) -> None:
        self._events.enter("train")
        self._step_at = time.monotonic()
        if self.tokens:
            self.tokens.take()

    def _skips(self) -> dict[str, int]:
        return {"scalerSkips": self._scaler_skips} if self._scaler_skips else {}


def is_broken(loss: float, norm: float | None, skipped: bool) -> bool:
    """A step that an fp16 scaler left out has no finite gradient norm, and is none of this. A filter shows a NaN as 0.0."""
    if not math.isfinite(loss):
        return True
    if norm is None:
        return loss == 0.0
    return not math.isfinite(norm) and not skipped


def require_finite(model: torch.nn.Module, step: int) -> None:
    for name, weight in model.named_parameters():
        if weight.is_floating_point() and not bool(torch.isfinite(weight).all()):
            raise NonFiniteParameters(f"{name} is not finite at step {step}: no checkpoint is written")


def files_of_rank(directory: Path, rank: int) -> list[Path]:
    """HF's rank 0 writes all but what is a rank's own by its name."""
    found = []
    for file in directory.rglob("*"):
        match = FILE_OF_RANK.match(file.name)
        owner = int(match.group(1) or match.group(2)) if match else 0
        if file.is_file() and owner == rank:
            found.append(file)
    return found
