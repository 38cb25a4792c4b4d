"""Whether the pinned libraries take what recipes ask for: `check-arguments.py OUTPUT < RECIPES.json` ({name: recipe}) prints
what came of some of it, by recipe. Nothing is trained."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "activities/training/trainer"))
import torch  # noqa: E402
from accelerate.utils import FullyShardedDataParallelPlugin  # noqa: E402
from arguments import arguments, strategy_of  # noqa: E402
from base_model import with_adapters  # noqa: E402
from early_stop import EarlyStop  # noqa: E402
from transformers import Qwen2Config, Qwen2ForCausalLM  # noqa: E402
from trl import SFTConfig  # noqa: E402


def model() -> Qwen2ForCausalLM:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=128, **sizes))


found = {}
for name, recipe in json.load(sys.stdin).items():
    os.environ.pop("ACCELERATE_USE_FSDP", None)
    strategy = strategy_of(recipe)
    job = {"output": sys.argv[1], "recipe": recipe, "seed": 0}
    args = SFTConfig(**arguments(job, strategy, torch.cuda.is_available()))
    told = {
        "strategy": strategy,
        "batch": args.per_device_train_batch_size * args.gradient_accumulation_steps,
        "bf16": args.bf16,
        "recompute": args.gradient_checkpointing,
        "packing": args.packing,
        "nanFilter": args.logging_nan_inf_filter,
    }
    if args.fsdp:
        plugin = FullyShardedDataParallelPlugin(**args.fsdp_plugin_args)
        plugin.set_mixed_precision("bf16")
        told["fsdp"] = {
            "version": plugin.fsdp_version,
            "states": plugin.state_dict_type.name,
            "reshard": plugin.reshard_after_forward,
            "recompute": plugin.activation_checkpointing,
            "rank0Reads": plugin.cpu_ram_efficient_loading,
            "precision": str(plugin.mixed_precision_policy.param_dtype),
        }
    if recipe.get("lora"):
        adapted = with_adapters(model(), recipe["lora"], "a-model")
        trained = [key for key, weight in adapted.named_parameters() if weight.requires_grad]
        told["adapters"] = len(trained)
        told["othersFrozen"] = all("lora_" in key for key in trained)
        told["baseName"] = adapted.peft_config["default"].base_model_name_or_path
    found[name] = told


def stops(values: list[float], patience: int, delta: float) -> object:
    history = [{"step": 10 * (index + 1), "eval_loss": value} for index, value in enumerate(values)]
    history.insert(1, {"step": 10, "loss": 3.0})
    reason = EarlyStop("eval_loss", patience, delta).reason(history)
    return reason and [reason["bestStep"], reason["waited"]]


stopping = [
    stops([3.0, 2.0, 1.0], 1, 0.0),
    stops([3.0, 2.0, 2.0, 2.1], 2, 0.0),
    stops([3.0, 2.0, 2.1, 1.9, 2.0], 2, 0.0),
    stops([3.0, 2.99, 2.98], 2, 0.1),
    stops([3.0, float("nan"), float("nan")], 2, 0.0),
    stops([3.0], 1, 0.0),
]
print(json.dumps({"recipes": found, "stopping": stopping}))
