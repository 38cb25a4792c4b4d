"""A fast trainer for tests: the real protocol, real files, deterministic state, standard library only.

`stand-in-trainer.py JOB.json`. Its state is a chain of hashes, so that a lost, repeated or invented step shows in the
final weights. `recipe.faults` of the job provokes failures; `once: true` limits one to the first attempt.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["protocol"])
from events import Control, EventWriter  # noqa: E402

recipe = job["recipe"]
options = recipe["options"]
directory = Path(job["directory"])
events = EventWriter(directory, job["run"], job["epoch"])
events.report_uncaught()
events.max_steps = recipe["maxSteps"]
events.step = job["resumeStep"] or 0
events.write("phase", edge="begin")
events.beat_every(0.5)


def fault(at: str, step: int = -1) -> str | None:
    for entry in options.get("faults", []):
        if entry["at"] == at and entry.get("step", -1) == step and (not entry.get("once") or job["epoch"] == 1):
            return entry["kind"]
    return None


def provoke(kind: str | None) -> None:
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "abort":
        os.abort()
    elif kind == "exit0":
        os._exit(0)
    elif kind == "hang":
        time.sleep(3600)
    elif kind == "valueError":
        raise ValueError("an impossible setting")
    elif kind == "nan":
        events.write("log", loss=float("nan"), gradNorm=float("nan"), lr=0.1, nonfinite=True)
        raise ArithmeticError("loss is not finite")


provoke(fault("start"))
events.hello(job, "single", "fp32")
events.enter("loadData")
seed = hashlib.sha256(Path(job["dataset"]).read_bytes() + str(job["seed"]).encode()).hexdigest()
state = seed
if job["resumeFrom"]:
    events.enter("resume")
    state = json.loads((Path(job["resumeFrom"]) / "state.json").read_text())["state"]
events.enter("train")
control = Control(directory, job["epoch"])


def save(step: int) -> None:
    events.enter("save")
    target = Path(job["output"]) / f"checkpoint-{step}"
    target.mkdir(parents=True, exist_ok=True)
    (target / "state.json").write_text(json.dumps({"state": state, "padding": "x" * 4096}))
    provoke(fault("save", step))
    (target / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    events.saved(target)
    events.enter("train")


for step in range(events.step + 1, recipe["maxSteps"] + 1):
    provoke(fault("step", step))
    time.sleep(options.get("stepS", 0.01))
    state = hashlib.sha256(f"{state}:{step}".encode()).hexdigest()
    events.step = step
    events.alive()
    events.write("step", stepS=options.get("stepS", 0.01), samples=1)
    if step % 5 == 0:
        events.write("log", loss=round(10 / step, 6), gradNorm=1.0, lr=0.1, nonfinite=False)
    command = control.next()
    if command in ("save", "saveStop") or step % recipe["saveSteps"] == 0:
        save(step)
    if command in ("saveStop", "stop"):
        events.write("stopAck", cmd=command)
        events.write("end", reason="stopped")
        sys.exit(0)

events.enter("finish")
artefact = Path(job["artefact"])
shutil.rmtree(artefact, ignore_errors=True)
artefact.mkdir(parents=True)
(artefact / "weights.json").write_text(json.dumps({"state": state}))
events.write("end", reason="completed")
