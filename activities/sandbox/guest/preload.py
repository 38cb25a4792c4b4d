"""Imports what programs use before any of them runs, so that a program pays for no import and Landlock hides
no library.
"""

from __future__ import annotations

import importlib

# What `from utils import *` gives to programs besides the library.
STAR_MODULES = (
    're json os ast random sys io math time threading itertools collections string functools operator '
    'copy textwrap datetime statistics heapq bisect uuid hashlib base64 queue typing dataclasses enum '
    'fractions decimal types traceback inspect concurrent.futures asyncio contextlib logging csv tempfile '
    'tokenize'
).split()

# Besides: what programs often use, and what needs a shared library outside of the standard library, which
# Landlock hides. A program imports the rest of it by itself: each megabyte here costs every program.
MODULES = (
    'numbers abc urllib.parse calendar zoneinfo difflib pprint struct array zlib gzip bz2 lzma unicodedata '
    'cmath secrets hmac locale shlex fnmatch glob pathlib shutil signal selectors select socket ssl sqlite3 '
    'weakref contextvars sched graphlib keyword dis linecache warnings pickle copyreg marshal binascii '
    'xml.etree.ElementTree json.decoder json.encoder ctypes concurrent.futures.thread reprlib '
    'encodings.utf_16 encodings.latin_1 encodings.ascii encodings.utf_8_sig'
).split()


def preload() -> list[str]:
    """Returns the modules that this interpreter lacks (a build without sqlite, for one): they are not needed
    to run.
    """
    missing = []
    for name in [*STAR_MODULES, *MODULES]:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing
