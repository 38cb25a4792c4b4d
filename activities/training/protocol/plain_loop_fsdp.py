"""The plain loop in ranks: FSDP2 and torch's distributed checkpoints, `torchrun … plain_loop_fsdp.py JOB.json`; gloo without GPUs."""
import json
import os
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["protocol"])
from events import Control, EventWriter  # noqa: E402

events, control = EventWriter.of_job(job), Control(job["directory"], job["epoch"])
import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
import torch.distributed.checkpoint as dcp  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch.distributed.checkpoint import state_dict as states  # noqa: E402
from torch.distributed.fsdp import fully_shard  # noqa: E402

torch.set_num_threads(1)
cuda = torch.cuda.is_available()
dist.init_process_group("nccl" if cuda else "gloo")
rank, ranks = dist.get_rank(), dist.get_world_size()
device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
torch.manual_seed(job["seed"])
events.enter("loadData")
text, context = torch.tensor(list(Path(job["dataset"]).read_bytes())), torch.arange(8)
events.enter("loadModel")
model = torch.nn.Sequential(torch.nn.Embedding(256, 32), torch.nn.Flatten(), torch.nn.Linear(8 * 32, 256)).to(device)
fully_shard(model, mesh=dist.init_device_mesh(device.type, (ranks,)))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, 0.5, 5)
events.hello(job, "fsdp2", "fp32", {"torch": torch.__version__})
torch.manual_seed(job["seed"] * ranks + rank)  # from here on each rank draws rows of its own

if job["resumeFrom"]:
    events.enter("resume")
    sharded, optimizing = states.get_state_dict(model, optimizer)
    dcp.load({"model": sharded, "optimizer": optimizing}, checkpoint_id=job["resumeFrom"])
    states.set_state_dict(model, optimizer, model_state_dict=sharded, optim_state_dict=optimizing)
    own = torch.load(Path(job["resumeFrom"], f"rank.{rank}.pt"), weights_only=True)
    scheduler.load_state_dict(own["scheduler"])
    torch.set_rng_state(own["rng"])


def save(step: int) -> None:
    events.enter("save")
    target, since = Path(job["output"], f"checkpoint-{step}"), time.monotonic()
    target.mkdir(parents=True, exist_ok=True)
    sharded, optimizing = states.get_state_dict(model, optimizer)
    dcp.save({"model": sharded, "optimizer": optimizing}, checkpoint_id=target)
    mine = [target / f"rank.{rank}.pt", *target.glob(f"__{rank}_*.distcp")]
    torch.save({"scheduler": scheduler.state_dict(), "rng": torch.get_rng_state()}, mine[0])
    if rank == 0:
        (target / "trainer_state.json").write_text(json.dumps({"global_step": step}))
        mine += [target / "trainer_state.json", target / ".metadata"]
    events.saved(target, mine, since)
    events.enter("train")


events.enter("train")
for step in range(events.step + 1, events.max_steps + 1):
    began, starts = time.monotonic(), torch.randint(len(text) - 8, (8,))
    rows, wanted = text[starts[:, None] + context].to(device), text[starts + 8].to(device)
    loss = torch.nn.functional.cross_entropy(model(rows), wanted)
    optimizer.zero_grad()
    loss.backward()
    events.step = step
    if not torch.isfinite(loss):
        events.write("log", loss=loss, nonfinite=True)
        raise ArithmeticError(f"loss {float(loss)} at step {step}")
    optimizer.step()
    scheduler.step()
    time.sleep(job["recipe"]["options"].get("stepS", 0))
    events.alive()
    events.write("step", stepS=time.monotonic() - began, tokens=8, samples=8)
    events.write("log", loss=loss, lr=scheduler.get_last_lr()[0], nonfinite=False)
    order = control.next_for_all()
    if order in ("save", "saveStop") or step % job["recipe"]["saveSteps"] == 0:
        save(step)
    if order in ("saveStop", "stop"):
        events.write("stopAck", cmd=order)
        break

stopped = events.step < events.max_steps or order in ("saveStop", "stop")
if not stopped:
    events.enter("finish")
    whole = states.get_model_state_dict(model, options=states.StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank == 0:
        Path(job["artefact"]).mkdir(exist_ok=True)
        save_file(whole, Path(job["artefact"], "model.safetensors"))
    dist.barrier()
events.end("stopped" if stopped else "completed")
dist.destroy_process_group()
