"""A plain PyTorch loop under supervision, in one process: `plain_loop.py JOB.json`."""
import json
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["protocol"])
from events import Control, EventWriter  # noqa: E402

events, control = EventWriter.of_job(job), Control(job["directory"], job["epoch"])
import torch  # noqa: E402 - after the writer, so that an import that hangs or fails is seen
from safetensors.torch import save_file  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(job["seed"])
events.hello(job, "single", "fp32", {"torch": torch.__version__})
events.enter("loadData")
text, context = torch.tensor(list(Path(job["dataset"]).read_bytes())), torch.arange(8)
events.enter("loadModel")
model = torch.nn.Sequential(torch.nn.Embedding(256, 32), torch.nn.Flatten(), torch.nn.Linear(8 * 32, 256), torch.nn.Dropout(0.1))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, events.max_steps)
parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
if job["resumeFrom"]:
    events.enter("resume")
    state = torch.load(Path(job["resumeFrom"], "state.pt"), weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["rng"])
events.enter("train")
for step in range(events.step + 1, events.max_steps + 1):
    began, starts = time.monotonic(), torch.randint(len(text) - 8, (16,))
    loss = torch.nn.functional.cross_entropy(model(text[starts[:, None] + context]), text[starts + 8])
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    events.step, finite = step, bool(torch.isfinite(loss + norm))
    events.write("log", loss=loss, gradNorm=norm, lr=scheduler.get_last_lr()[0], nonfinite=not finite)
    if not finite:
        raise ArithmeticError(f"loss {float(loss)} at step {step}")
    optimizer.step()
    scheduler.step()
    time.sleep(job["recipe"]["options"].get("stepS", 0))
    events.alive()
    events.write("step", stepS=time.monotonic() - began, tokens=16, samples=16)
    if (order := control.next()) in ("save", "saveStop") or step % job["recipe"]["saveSteps"] == 0:
        events.enter("save")
        (target := Path(job["output"], f"checkpoint-{step}")).mkdir(parents=True)
        torch.save({**{name: part.state_dict() for name, part in parts.items()}, "rng": torch.get_rng_state()}, target / "state.pt")
        (target / "trainer_state.json").write_text(json.dumps({"global_step": step}))
        events.saved(target)
        events.enter("train")
    if order in ("saveStop", "stop"):
        events.write("stopAck", cmd=order)
        sys.exit(events.end("stopped"))
events.enter("finish")
Path(job["artefact"]).mkdir(exist_ok=True)
save_file(model.state_dict(), Path(job["artefact"], "model.safetensors"))
events.end("completed")
