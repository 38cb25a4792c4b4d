"""What the trainer makes of a local model: `check-local-model.py DIRECTORY MODEL.gguf TARGET` prints one JSON document."""
from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "activities/training/trainer"))
import torch  # noqa: E402
from gguf_model import HASHES, converted  # noqa: E402
from rows import IGNORED, DataError, Row, encode, end_of_turn, start_of_turn  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

directory, source, target = sys.argv[1:]
base = {"path": source, "converted": target}
copy = converted(base, first=True)
made = (copy / HASHES).stat().st_mtime_ns
again = (converted(base, first=True) / HASHES).stat().st_mtime_ns
weights = copy / "model.safetensors"
data = bytearray(weights.read_bytes())
data[-5] ^= 1
weights.write_bytes(bytes(data))
mended = (converted(base, first=True) / HASHES).stat().st_mtime_ns

published, tokenizer = AutoModelForCausalLM.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
read, words = AutoModelForCausalLM.from_pretrained(copy), AutoTokenizer.from_pretrained(copy)
text = "Write a program.\n\n    x = 12 + 7<|im_end|>"
ids = torch.tensor([tokenizer(text)["input_ids"]])
row = Row([{"role": "user", "content": "Why?"}], "Because\n")
encoded = encode(row, words, end_of_turn(words))
kept = [label for label in encoded.labels if label != IGNORED]

# Two rows in one sequence see nothing of each other: positions alone tell them apart.
first, second = ids[0][:7], ids[0][3:12]
packed = torch.cat([first, second])[None]
places = torch.cat([torch.arange(len(first)), torch.arange(len(second))])[None]
with torch.no_grad():
    together = published(input_ids=packed, position_ids=places, use_cache=False).logits[0]
    apart = torch.cat([published(input_ids=part[None]).logits[0] for part in (first, second)])
    leaky = published(input_ids=packed, use_cache=False).logits[0]
    same_logits = torch.allclose(read(ids).logits, published(ids).logits, atol=1e-5)


def refused(template: str) -> bool:
    words.chat_template = template
    try:
        end_of_turn(words)
    except DataError:
        return True
    return False


start = start_of_turn(words)
print(
    json.dumps(
        {
            "sameIds": words(text)["input_ids"] == ids[0].tolist(),
            "sameLogits": same_logits,
            "quantised": hasattr(read.config, "quantization_config"),
            "special": [words.bos_token, words.eos_token, words.pad_token],
            "usedAgain": made == again,
            "madeAnewWhenChanged": mended != again,
            "turn": [start, words.decode(kept)],
            "packedApart": torch.allclose(together, apart, atol=1e-5),
            "packedLeaky": torch.allclose(leaky, apart, atol=1e-5),
            "refused": refused("{% for message in messages %}{{ message['content'] + '\n' }}{% endfor %}"),
        }
    )
)
