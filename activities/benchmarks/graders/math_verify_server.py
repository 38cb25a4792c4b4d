"""Compares LaTeX answers with math-verify, one JSON line in, one JSON line out, on descriptors 0 and 1.

Request {"id", "gold", "answer"}; reply {"id", "equal", "gold", "answer"} with the parsed forms, or {"id", "error"}.
The text is hostile: sympy may compute for ever, exhaust memory, and evaluates what it parses. So the process confines
itself before it reads anything, and the host kills it when an item takes too long.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys

from math_verify import parse, verify
from math_verify.parser import ExprExtractionConfig, LatexExtractionConfig

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from confine_reader import confine  # noqa: E402 - python -I hides the script's folder

MEMORY_BYTES = 1536 * 1024 * 1024
MAX_SHOWN = 400


def compare(gold: str, answer: str) -> dict[str, object]:
    """The gold is LaTeX without delimiters; the answer is marked LaTeX, or a whole text to search."""
    latex_first = (LatexExtractionConfig(), ExprExtractionConfig())
    parsed_gold = parse(f"${gold}$", latex_first, parsing_timeout=None)
    parsed_answer = parse(answer, latex_first, parsing_timeout=None)
    if not parsed_gold:
        return {"error": "the gold answer does not parse"}
    equal = bool(parsed_answer) and verify(parsed_gold, parsed_answer, timeout_seconds=None)
    return {"equal": bool(equal), "gold": shown(parsed_gold), "answer": shown(parsed_answer)}


def shown(parsed: list[object]) -> str | None:
    """The form as it was written: printing a hostile expression may take for ever."""
    texts = [item for item in parsed if isinstance(item, str)]
    return texts[-1][:MAX_SHOWN] if texts else None


def reply_to(line: str) -> dict[str, object]:
    request = json.loads(line)
    try:
        return {"id": request["id"], **compare(request["gold"], request["answer"])}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - sympy raises anything, RecursionError and MemoryError included
        return {"id": request["id"], "error": type(error).__name__}


def main() -> None:
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm = compare("\\frac{1}{2}", "$0.5$")
    files_limited = confine(MEMORY_BYTES)
    print(json.dumps({"ready": warm["equal"], "filesLimited": files_limited}), flush=True)
    for line in sys.stdin:
        print(json.dumps(reply_to(line)), flush=True)


if __name__ == "__main__":
    main()
