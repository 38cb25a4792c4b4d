"""A Qwen2-type model and its tokenizer, both made from nothing: what the recipe `tiny` trains.

The tokenizer is byte-level BPE plus the dataset's recurring lines as whole tokens: programs repeat their lines, so a
program of 60 lines becomes some 100 tokens, which a model of 1 M parameters learns and a CPU generates quickly.
"""
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rows import END_OF_TURN, Row

PAD = "<|endoftext|>"
START_OF_TURN = "<|im_start|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Without it `transformers serve` would look for reasoning and tool calls inside a program's source.
RESPONSE_TEMPLATE = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {"content": {"close": [END_OF_TURN, PAD], "content": "text"}},
}


def make_tokenizer(rows: list[Row], recipe: dict[str, Any], directory: Path) -> Any:
    """Trains, saves and reloads the tokenizer, and proves that the reloaded one reads and writes alike.

    It is trained with the class that AutoTokenizer picks for a Qwen2 config: another class would split text otherwise
    after the reload, and the model would write garbage.
    """
    from transformers import AutoTokenizer, Qwen2Config, Qwen2Tokenizer
    from tokenizers import AddedToken

    texts = [text for row in rows for text in (*(message["content"] for message in row.prompt), row.response)]
    tokenizer = Qwen2Tokenizer(eos_token=END_OF_TURN, pad_token=PAD, additional_special_tokens=[START_OF_TURN])
    tokenizer = tokenizer.train_new_from_iterator(
        [texts], vocab_size=recipe["vocabSize"], new_special_tokens=[START_OF_TURN, END_OF_TURN]
    )
    lines = recurring_lines(rows, recipe["lineTokens"], recipe["minLineRows"])
    tokenizer.add_tokens([AddedToken(line, normalized=False) for line in lines])
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.response_template = RESPONSE_TEMPLATE
    tokenizer.save_pretrained(directory)
    Qwen2Config(vocab_size=len(tokenizer)).save_pretrained(directory)
    reloaded = AutoTokenizer.from_pretrained(directory)
    for text in texts:
        ids = reloaded(text, add_special_tokens=False)["input_ids"]
        if ids != tokenizer(text, add_special_tokens=False)["input_ids"] or reloaded.decode(ids) != text:
            raise RuntimeError(f"the tokenizer changed with its reload: {text[:200]!r}")
    return reloaded


def recurring_lines(rows: list[Row], count: int, min_rows: int) -> list[str]:
    """Whole lines, newline included, that occur in at least `min_rows` rows: those that save the most text first."""
    seen: Counter[str] = Counter()
    for row in rows:
        texts = [*(message["content"] for message in row.prompt), row.response]
        seen.update({line for text in texts for line in text.splitlines(keepends=True) if _worth(line)})
    recurring = [line for line, times in seen.items() if times >= min_rows]
    return sorted(recurring, key=lambda line: (-len(line) * seen[line], line))[:count]


def make_model(tokenizer: Any, recipe: dict[str, Any], max_length: int) -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    config = Qwen2Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=recipe["hiddenSize"],
        intermediate_size=recipe["intermediateSize"],
        num_hidden_layers=recipe["layers"],
        num_attention_heads=recipe["heads"],
        num_key_value_heads=recipe["kvHeads"],
        max_position_embeddings=max_length,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    model = Qwen2ForCausalLM(config)
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = pad
    model.generation_config.do_sample = False
    return model


def _worth(line: str) -> bool:
    return line.endswith("\n") and "\r" not in line and len(line.strip()) >= 6
