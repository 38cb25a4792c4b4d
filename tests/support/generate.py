"""Greedy answers of a finished model, and [prompt, answer] in tokens: `generate.py MODEL_DIR PROMPTS.json OUT.json [MAX_TOKENS]`
(prompts: a list of message lists).
"""
from __future__ import annotations

import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

directory, source, target = sys.argv[1:4]
limit = int(sys.argv[4]) if len(sys.argv) > 4 else 1500
tokenizer = AutoTokenizer.from_pretrained(directory)
model = AutoModelForCausalLM.from_pretrained(directory, dtype="auto").eval()
prompts = json.load(open(source))
answers: list[str] = []
lengths: list[list[int]] = []
tokens = 0
started = time.monotonic()
for messages in prompts:
    inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=limit, do_sample=False)
    new = output[0][inputs["input_ids"].shape[1] :]
    tokens += len(new)
    lengths.append([inputs["input_ids"].shape[1], len(new)])
    answers.append(tokenizer.decode(new, skip_special_tokens=True))
seconds = time.monotonic() - started
json.dump({"answers": answers, "lengths": lengths, "tokens": tokens, "seconds": seconds}, open(target, "w"))
