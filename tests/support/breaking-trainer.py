"""A trainer that keeps the protocol but for what `options.breaks` names: for tests of the conformance kit."""
from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["protocol"])
from events import Control, EventWriter  # noqa: E402

recipe = job["recipe"]
breaks = recipe["options"]["breaks"]
events = EventWriter.of_job(job)
if breaks == "gap":
    original = events.write

    def gappy(ev: str, **fields: object) -> None:
        original(ev, **fields)
        if events.step == 7 and ev == "step":
            events._seq += 1  # noqa: SLF001

    events.write = gappy  # type: ignore[method-assign]
if breaks == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if breaks == "undumpable":
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
events.hello(job, "ddp" if breaks == "strategy" else "single")
control = Control(job["directory"], job["epoch"])
rng = random.Random(job["seed"])
state = "begin"
if job["resumeFrom"] and breaks != "forgets":
    saved = json.loads(Path(job["resumeFrom"], "state.json").read_text())
    state = saved["state"]
    if breaks != "unseeded":
        rng.setstate((saved["rng"][0], tuple(saved["rng"][1]), saved["rng"][2]))
events.enter("train")
for step in range((0 if breaks == "forgets" else events.step) + 1, events.max_steps + 1):
    time.sleep(0.03)
    state = hashlib.sha256(f"{state}{rng.random()}".encode()).hexdigest()
    events.step = step
    events.alive()
    events.write("step", stepS=0.03)
    order = None if breaks == "obeysNothing" else control.next()
    if order in ("save", "saveStop") or step % recipe["saveSteps"] == 0:
        events.enter("save")
        target = Path(job["output"], f"checkpoint-{step}")
        target.mkdir(parents=True, exist_ok=True)
        (target / "state.json").write_text(json.dumps({"state": state, "rng": rng.getstate()}))
        (target / "trainer_state.json").write_text(json.dumps({"global_step": step}))
        files = [target / "trainer_state.json"] if breaks == "unnamed" else None
        events.saved(target, files)
        events.enter("train")
    if order in ("saveStop", "stop"):
        events.write("stopAck", cmd=order)
        events.end("stopped")
        sys.exit(3 if breaks == "failsToStop" else 0)
Path(job["artefact"]).mkdir(exist_ok=True)
Path(job["artefact"], "weights.json").write_text(state)
if breaks == "earlyExit":
    os._exit(0)
events.end("completed")
