"""A random model as somebody else published it: `random-base.py DIRECTORY ROWS.jsonl qwen2|llama [FILE.gguf]`.

Two layers, a byte-level tokenizer that learnt from the rows, ChatML's template; `llama` also as a GGUF file of plain floats.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

directory, rows, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
texts = [message["content"] for line in rows.open() for message in json.loads(line)["messages"]]
start, end, pad = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
template = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

inner = Tokenizer(models.BPE())
inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
inner.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=600, special_tokens=[pad, start, end], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
)
inner.train_from_iterator(texts, trainer)
tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=end, pad_token=pad)
tokenizer.chat_template = template
tokenizer.save_pretrained(directory)

torch.manual_seed(7)
shape = {
    "vocab_size": 640,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
    "bos_token_id": None,
    "eos_token_id": tokenizer.eos_token_id,
    "pad_token_id": tokenizer.pad_token_id,
}
model = LlamaForCausalLM(LlamaConfig(**shape)) if kind == "llama" else Qwen2ForCausalLM(Qwen2Config(**shape))
model.save_pretrained(directory)


def write_gguf(path: str) -> None:
    """llama.cpp's names and order: the halves of each head of q and k are interleaved."""
    from gguf import GGUFWriter, TokenType

    writer = GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(4096)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(16)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_vocab_size(640)
    told = json.loads(inner.to_str())["model"]
    tokens = [token for token, _ in sorted(told["vocab"].items(), key=lambda item: item[1])]
    tokens += [f"<unused{number}>" for number in range(640 - len(tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if index < 3 else TokenType.NORMAL for index in range(640)])
    writer.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in told["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template(template)
    names = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "post_attention_layernorm": "ffn_norm",
        "input_layernorm": "attn_norm",
        "model.layers.": "blk.",
    }
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        heads = 4 if "q_proj" in name else 2 if "k_proj" in name else None
        values = weight.numpy()
        if heads:
            values = values.reshape(heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        writer.add_tensor(name, values.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if len(sys.argv) > 4:
    write_gguf(sys.argv[4])
