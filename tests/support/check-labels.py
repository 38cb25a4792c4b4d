"""What a row trains: `check-labels.py ROWS.jsonl TOKENIZER_DIR` prints how many rows supervise exactly response + end of turn."""
from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "activities/training/trainer"))
from from_scratch import make_tokenizer  # noqa: E402
from rows import END_OF_TURN, IGNORED, DataError, encode, encode_rows, end_of_turn, read_rows  # noqa: E402

rows = read_rows(Path(sys.argv[1]))
tokenizer = make_tokenizer(rows, {"vocabSize": 1024, "lineTokens": 256, "minLineRows": 3}, Path(sys.argv[2]))
end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
supervised = stops = 0
for row in rows:
    encoded = encode(row, tokenizer, end_of_turn(tokenizer))
    wanted = [label for label in encoded.labels if label != IGNORED]
    supervised += tokenizer.decode(wanted) == row.response + END_OF_TURN
    stops += wanted[-1] == end == tokenizer.eos_token_id and end in tokenizer.all_special_ids
try:
    encode_rows(rows, tokenizer, 40)
    refused = False
except DataError:
    refused = True
print(json.dumps({"rows": len(rows), "supervised": supervised, "stops": stops, "refusedOverLong": refused}))
