"""The baseline of `bench sandbox` that imports what `from utils import *` gives to a program."""

import pathlib
import runpy
import sys

guest = sys.argv[1]
sys.path.insert(0, guest)
import preload  # noqa: E402

for name in preload.STAR_MODULES:
    __import__(name)
runpy.run_path(str(pathlib.Path(__file__).with_name('plain_bare.py')), run_name='__main__')
