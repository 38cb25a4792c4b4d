"""The one TrainerCallback: writes the protocol's events and obeys `control.json`. Nothing in transformers is patched."""
from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from events import Control, EventWriter


class NonFiniteLoss(ArithmeticError):
    """Loss or gradient norm is not finite: going on would save ruined weights."""


class SupervisionCallback(TrainerCallback):
    def __init__(self, events: EventWriter, control: Control) -> None:
        self._events = events
        self._control = control
        self._step_at = time.monotonic()
        self._saving_since = 0.0
        self.stopped = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._events.step, self._events.max_steps = state.global_step, state.max_steps
        self._events.enter("train")
        self._step_at = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        events = self._events
        events.alive()
        events.step = state.global_step
        now = time.monotonic()
        events.write("step", stepS=round(now - self._step_at, 4), samples=args.train_batch_size)
        self._step_at = now
        command = self._control.next()
        if command in ("save", "saveStop"):
            control.should_save = True
        if command in ("saveStop", "stop"):
            control.should_training_stop = True
            self.stopped = True
            events.write("stopAck", cmd=command)
        if control.should_save or state.global_step % state.save_steps == 0:
            self._saving_since = now
            events.enter("save")

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if not logs or "loss" not in logs:
            return
        loss, norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        broken = not (math.isfinite(loss) and math.isfinite(norm))
        self._events.write("log", loss=loss, gradNorm=norm, lr=logs.get("learning_rate"), nonfinite=broken)
        if broken:
            raise NonFiniteLoss(f"loss {loss}, gradient norm {norm} at step {state.global_step}")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        directory = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        took = round(time.monotonic() - self._saving_since, 3)
        self._events.write("save", dir=str(directory), bytes=size, durS=took)
        self._events.enter("train")
        self._step_at = time.monotonic()
