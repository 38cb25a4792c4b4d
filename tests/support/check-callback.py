"""What the trainer's callback makes of numbers, files and wrappers: prints one JSON document for the test."""
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

trainer = Path(__file__).resolve().parents[2] / "activities" / "training"
sys.path[:0] = [str(trainer / "trainer"), str(trainer / "protocol")]

import torch  # noqa: E402
from callback import NonFiniteParameters, TokenCount, files_of_rank, is_broken, require_finite  # noqa: E402
from arguments import strategy_of, wrapped_as  # noqa: E402
from train import held_out_rows  # noqa: E402

nan, inf = float("nan"), float("inf")


def refused(value: float) -> str | None:
    model = torch.nn.Linear(3, 1)
    with torch.no_grad():
        model.weight[0, 1] = value
    try:
        require_finite(model, 7)
    except NonFiniteParameters as error:
        return str(error)
    return None


with tempfile.TemporaryDirectory() as place:
    directory = Path(place)
    for name in ("model.safetensors", "rng_state_0.pth", "rng_state_1.pth", "rng_state_10.pth", "deep/more.json"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text("x")
    files = {rank: sorted(file.relative_to(directory).as_posix() for file in files_of_rank(directory, rank)) for rank in (0, 1, 10)}

masked = TokenCount(lambda rows: {"input_ids": torch.zeros(2, 4), "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])})
plain = TokenCount(lambda rows: {"input_ids": torch.zeros(2, 4)})
for count in (masked, plain):
    count(None)
    count(None)

print(
    json.dumps(
        {
            "broken": [is_broken(*case) for case in ((nan, 1.0, False), (inf, 1.0, True), (1.0, nan, False), (0.0, None, False))],
            "sound": [is_broken(*case) for case in ((1.0, 1.0, False), (1.0, inf, True), (0.0, 0.5, False), (2.0, None, False))],
            "refused": [refused(nan), refused(inf), refused(1.0)],
            "files": files,
            "tokens": [masked.take(), masked.take(), plain.take()],
            "strategy": strategy_of({}),
            "asked": strategy_of({"strategy": {"kind": "single", "precision": "fp16"}}),
            "wrapped": wrapped_as(torch.nn.Linear(1, 1)),
            "heldOut": [held_out_rows(recipe, 100) for recipe in ({}, {"evaluation": {"rows": 4}}, {"evaluation": {"rows": 99}})],
        }
    )
)
