"""`transformers serve` for one model on a Unix socket: `serve.py MODEL_DIR SOCKET`. Only who may open the socket is served.

Called as a class and not by its command: that imports parts which are not needed, and knows ports alone.
"""
from __future__ import annotations

import functools
import sys

import uvicorn
from transformers.cli.serve import Serve

directory, socket = sys.argv[1:3]
uvicorn.Config = functools.partial(uvicorn.Config, uds=socket)
Serve(force_model=directory, device="auto", dtype="auto", log_level="error")
