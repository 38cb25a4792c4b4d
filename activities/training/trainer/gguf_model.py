"""A GGUF file as a model that can be trained: weights de-quantised to fp32 safetensors, its tokenizer beside them.

Done once per run, as it takes minutes where a load takes seconds; the copy is known by the hashes written with it.
"""
from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

HASHES = "converted.json"


def converted(base: dict[str, Any], first: bool) -> Path:
    """Directory of the copy, which rank 0 makes (`first`) unless it is there and is what was written."""
    target = Path(base["converted"])
    if first and not is_whole(target):
        draft = target.with_name(f"{target.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        convert(Path(base["path"]), draft)
        hashes = {file.name: sha256_of(file) for file in sorted(draft.iterdir())}
        (draft / HASHES).write_text(json.dumps(hashes))
        draft.rename(target)
    return target


def is_whole(directory: Path) -> bool:
    try:
        hashes = json.loads((directory / HASHES).read_text())
        return bool(hashes) and all(sha256_of(directory / name) == known for name, known in hashes.items())
    except (OSError, ValueError):
        return False


def convert(source: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"gguf_file": source.name, "local_files_only": True}
    read = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **place)
    # What was read counts as quantised, and is refused by `save_pretrained`: its weights go into a model that is not.
    told = {key: value for key, value in read.config.to_dict().items() if key not in ("quantization_config", "_name_or_path")}
    model = AutoModelForCausalLM.from_config(type(read.config).from_dict(told), dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    model.save_pretrained(target)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, clean_up_tokenization_spaces=False, **place)
    mend_special_tokens(tokenizer, model.config)
    tokenizer.save_pretrained(target)
    require_same_words(tokenizer, target)


def mend_special_tokens(tokenizer: Any, config: Any) -> None:
    """transformers 5.17 takes the begin of a GGUF tokenizer for its end too: the file's own numbers decide."""
    for name in ("bos_token", "eos_token", "pad_token"):
        number = getattr(config, f"{name}_id", None)
        if isinstance(number, int) and 0 <= number < len(tokenizer):
            setattr(tokenizer, name, tokenizer.convert_ids_to_tokens(number))


def require_same_words(tokenizer: Any, target: Path) -> None:
    from transformers import AutoTokenizer

    text = "def f(x12):\n    return {'a': 3.45}\n\n\tÄ \"\u2264\"  # done" + (tokenizer.eos_token or "")
    reloaded = AutoTokenizer.from_pretrained(target, local_files_only=True)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if reloaded(text, add_special_tokens=False)["input_ids"] != ids or reloaded.decode(ids) != text:
        raise RuntimeError("the tokenizer of the GGUF file changed with its reload")


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
