"""The six layers of all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv:1908.10084; BERT, arXiv:1810.04805) in numpy.

`MiniLm(folder).embed(texts)` gives unit vectors, float32 [texts, 384]: the mean over a text's tokens of the last layer,
normalised. Texts are cut at 256 tokens, as the model was trained. Each text is computed alone, so that its vector does
not depend on its neighbours.
"""

from __future__ import annotations

import json
import os

import numpy as np
from tokenizers import Tokenizer

MAX_TOKENS = 256
# Characters of a text that the tokenizer sees: 256 tokens are far fewer, unless a text is made to be slow.
MAX_CHARS = 16_384
HEADS = 12
EPSILON = 1e-12

Array = np.ndarray


class MiniLm:
    def __init__(self, folder: str) -> None:
        self.weights = read_safetensors(os.path.join(folder, "model.safetensors"))
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.layers = 1 + max(int(name.split(".")[2]) for name in self.weights if name.startswith("encoder.layer."))

    def embed(self, texts: list[str]) -> Array:
        return np.stack([self.embed_one(text) for text in texts])

    def embed_one(self, text: str) -> Array:
        ids = self.tokenizer.encode(text[:MAX_CHARS]).ids
        vector = self.last_layer(np.array(ids)).mean(axis=0)
        return vector / max(float(np.sqrt((vector * vector).sum())), EPSILON)

    def last_layer(self, ids: Array) -> Array:
        """Float32 [tokens, 384]."""
        weights = self.weights
        hidden = weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(ids)]
        hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self.normalise(hidden, "embeddings.LayerNorm")
        for index in range(self.layers):
            layer = f"encoder.layer.{index}"
            attended = self.dense(self.attend(hidden, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
            hidden = self.normalise(hidden + attended, f"{layer}.attention.output.LayerNorm")
            inner = gelu(self.dense(hidden, f"{layer}.intermediate.dense"))
            hidden = self.normalise(hidden + self.dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return hidden

    def attend(self, hidden: Array, name: str) -> Array:
        tokens, width = hidden.shape

        def heads(part: str) -> Array:
            return self.dense(hidden, f"{name}.{part}").reshape(tokens, HEADS, -1).transpose(1, 0, 2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width // HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        return (shares @ value).transpose(1, 0, 2).reshape(tokens, width)

    def dense(self, given: Array, name: str) -> Array:
        return given @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def normalise(self, given: Array, name: str) -> Array:
        centred = given - given.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + np.float32(EPSILON)) * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """x * Phi(x), with erf by formula 7.1.26 of Abramowitz and Stegun: off by at most 1.5e-7."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = 1 - series * np.exp(-z * z)
    return (x * np.float32(0.5) * (1 + np.sign(x) * erf)).astype(np.float32)


def read_safetensors(path: str) -> dict[str, Array]:
    """Of float32 tensors: 8 bytes with the header's length, the header as JSON, the tensors."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
    return tensors
