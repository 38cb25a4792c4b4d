"""A random model with a chat template, as a finished training leaves one: `tiny-model.py DIRECTORY ROWS.jsonl`.

Rows are a dataset's chat JSON lines: the tokenizer learns from them.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "activities" / "training" / "trainer"))

import torch
from transformers import AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

directory = Path(sys.argv[1])
texts = [message["content"] for line in open(sys.argv[2]) for message in json.loads(line)["messages"]]
start, end, pad = "<|im_start|>", "<|im_end|>", "<|endoftext|>"

inner = Tokenizer(models.BPE())
inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
inner.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
inner.train_from_iterator(
    texts, trainers.BpeTrainer(vocab_size=400, special_tokens=[pad, start, end], initial_alphabet=alphabet)
)
tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=end, pad_token=pad)
tokenizer.chat_template = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
tokenizer.save_pretrained(directory)
reloaded = AutoTokenizer.from_pretrained(directory)
for text in [*texts, "Grüße, 世界 🚀"]:
    assert reloaded.decode(reloaded(text)["input_ids"]) == text, text

torch.manual_seed(7)
config = LlamaConfig(
    vocab_size=512,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=2048,
    initializer_range=0.3,
    bos_token_id=None,
    eos_token_id=tokenizer.eos_token_id,
    pad_token_id=tokenizer.pad_token_id,
)
model = LlamaForCausalLM(config)
# As downloaded models have it: sampling is on unless a request says otherwise.
model.generation_config = GenerationConfig(
    do_sample=True,
    temperature=0.9,
    top_p=0.9,
    eos_token_id=tokenizer.eos_token_id,
    pad_token_id=tokenizer.pad_token_id,
)
model.save_pretrained(directory)
