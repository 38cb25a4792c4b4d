"""Whether a finished model writes what its adapters write: `check-artefact.py BASE ARTEFACT PROMPTS.json` prints one JSON document."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base, artefact, prompts = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(artefact)
merged = AutoModelForCausalLM.from_pretrained(artefact)
plain = AutoModelForCausalLM.from_pretrained(base)
adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(Path(artefact) / "adapter"))


def written(model: torch.nn.Module, messages: list[dict[str, str]]) -> list[int]:
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        return model.generate(**ids, max_new_tokens=40, do_sample=False, pad_token_id=0)[0].tolist()


replies = [[written(model, messages) for model in (merged, adapted, plain)] for messages in json.load(open(prompts))]
config = merged.generation_config
print(
    json.dumps(
        {
            "prompts": len(replies),
            "asAdapters": sum(merged == adapted for merged, adapted, _ in replies),
            "asBase": sum(merged == plain for merged, _, plain in replies),
            "greedy": not config.do_sample,
            "endsTurn": tokenizer.convert_tokens_to_ids("<|im_end|>")
            in (config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]),
            "template": bool(tokenizer.chat_template) and "start_anchor" in tokenizer.response_template,
        }
    )
)
