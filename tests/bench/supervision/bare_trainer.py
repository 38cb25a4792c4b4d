"""The product's trainer without supervision: `bare_trainer.py TRAIN.py JOB.json TIMES.json`: the same training, no events, beats or orders.

TIMES.json gets {firstStepAt} in seconds since 1970.
"""
from __future__ import annotations

import json
import runpy
import sys
import time
import types
from pathlib import Path
from typing import Any

script, job, times = sys.argv[1:4]
seen: dict[str, float] = {}


class Silent:
    """Stands for EventWriter and Control: takes everything and does nothing."""

    step = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    @classmethod
    def of_job(cls, *_: Any, **__: Any) -> Silent:
        return cls()

    def write(self, ev: str, **_: Any) -> None:
        if ev == "step":
            seen.setdefault("firstStepAt", time.time())

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


events = types.ModuleType("events")
events.EventWriter = events.Control = Silent  # type: ignore[attr-defined]
sys.modules["events"] = events
sys.argv = [script, job]
runpy.run_path(script, run_name="__main__")
Path(times).write_text(json.dumps(seen))
