"""What honest programs do and must be able to do: the head of the themes beside it, each run as one program.
Each feature asserts its result. The query is a list of levels' abilities: "files" is a writable /tmp.
"""

import asyncio
import contextlib
import dataclasses
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import io
import logging
import queue
import statistics
import tempfile
import textwrap
import typing
from concurrent.futures import FIRST_COMPLETED, as_completed, wait

from utils import *

FEATURES = {}
NEEDS = {}


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        results = {}
        for name, function in FEATURES.items():
            if NEEDS.get(name, '') not in taskInfo:
                continue
            try:
                function(self.llm)
                results[name] = 'works'
            except BaseException as error:
                results[name] = f'{type(error).__name__}: {error}'[:300]
        return json.dumps(results)


def feature(function):
    FEATURES[function.__name__] = function
    return function


def needs_files(function):
    NEEDS[function.__name__] = 'files'
    return function
