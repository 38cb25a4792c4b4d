"""A trainer for tests of the watch: the real protocol, no state, and paces and faults by `recipe.options`.

`paced-trainer.py JOB.json`. Options: stepS; ranks (further ones are children with RANK set); paces [{at: phase or step
number, rank?, run?, kind: sleep | work | stop | spin | error | loss | skips | exit, s}]: what happens there, and for how long.
`sleep` does nothing at all, `work` computes, `stop` stops the whole process with its beats, `claim` tells of a save of `bytes`.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["protocol"])
from events import Control, EventWriter  # noqa: E402

options = job["recipe"]["options"]
ranks = options.get("ranks", 1)
os.environ["WORLD_SIZE"] = str(ranks)
children = []
if "RANK" not in os.environ:
    for other in range(1, ranks):
        environment = {**os.environ, "RANK": str(other)}
        children.append(subprocess.Popen([sys.executable, *sys.argv], env=environment, start_new_session=True))

events = EventWriter.of_job(job, beat_s=options.get("beatS", 0.2))
skips = 0


def pace(at: object) -> None:
    global skips
    for entry in options.get("paces", []):
        if entry["at"] != at or entry.get("rank", events.rank) != events.rank or entry.get("run", job["run"]) != job["run"]:
            continue
        kind, seconds = entry["kind"], entry.get("s", 3600)
        if kind == "sleep":
            time.sleep(seconds)
        elif kind in ("work", "spin"):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                sum(range(10_000))
        elif kind == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif kind == "error":
            raise ValueError("an impossible setting")
        elif kind == "exit":
            os._exit(entry["code"])
        elif kind == "loss":
            events.write("log", loss=float(entry["loss"]), gradNorm=entry.get("gradNorm"))
        elif kind == "claim":
            claimed = Path(job["output"], f"checkpoint-{events.step}")
            claimed.mkdir(parents=True)
            events.write("save", dir=str(claimed), bytes=entry["bytes"], durS=0.1)
        elif kind == "skips":
            skips += 1
            events.write("log", loss=2.0, gradNorm=float("inf"), nonfinite=False, scalerSkips=skips)


events.hello(job, kind="ddp" if ranks > 1 else "single", precision=options.get("precision", "fp32"))
for phase in ("loadData", "loadModel", "compile"):
    events.enter(phase)
    pace(phase)
events.enter("train")
control = Control(Path(job["directory"]), job["epoch"])
for step in range(events.step + 1, job["recipe"]["maxSteps"] + 1):
    began = time.monotonic()
    time.sleep(options.get("stepS", 0.01))
    pace(step)
    events.step = step
    events.alive()
    events.write("step", stepS=round(time.monotonic() - began, 4), samples=1, tokens=100)
    if step % 5 == 0:
        events.write("log", loss=10 / step, gradNorm=1.0)
    if step == options.get("evalAt"):
        events.enter("eval")
        pace("eval")
        events.enter("train")
    if step % job["recipe"]["saveSteps"] == 0:
        began = time.monotonic()
        events.enter("save")
        pace("save")
        target = Path(job["output"]) / f"checkpoint-{step}"
        target.mkdir(parents=True, exist_ok=True)
        if events.rank == 0:
            (target / "trainer_state.json").write_text(json.dumps({"global_step": step}))
            (target / "state.json").write_text("x" * 4096)
        mine = [target / "trainer_state.json", target / "state.json"] if events.rank == 0 else []
        events.saved(target, mine, began)
        events.enter("train")
    if control.next() in ("stop", "saveStop"):
        events.end("stopped")
        sys.exit(0)
events.enter("finish")
pace("finish")
codes = [child.wait() for child in children]
if events.rank == 0:
    artefact = Path(job["artefact"])
    artefact.mkdir(parents=True, exist_ok=True)
    (artefact / "weights.json").write_text("{}")
events.end("completed")
pace("ended")
sys.exit(max(codes, default=0))
