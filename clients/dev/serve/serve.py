"""`transformers serve` for one model on a Unix socket: `serve.py MODEL_DIR SOCKET`. Only who may open the socket is served.

Called as a class and not by its command: that imports parts which are not needed, and knows ports alone.
"""
from __future__ import annotations

import functools
import sys
from typing import Any

import uvicorn
from transformers.cli.serve import Serve
from transformers.cli.serving import chat_completion


def plain_text(*_args: Any, cleaned_content: str, **_kwargs: Any) -> tuple[str, None, None]:
    """What `generate()` wrote, whole: a program's source is not searched for reasoning and tool calls."""
    return cleaned_content, None, None


chat_completion.parse_assistant_message = plain_text
directory, socket = sys.argv[1:3]
uvicorn.Config = functools.partial(uvicorn.Config, uds=socket)
Serve(force_model=directory, device="auto", dtype="auto", log_level="error")
