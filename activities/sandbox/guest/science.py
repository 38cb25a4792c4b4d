"""numpy, pandas and matplotlib in a second warm zygote: loaded before any program text, seeded per line of
work.

A zygote without them refuses their import in words that say why.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import io
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import lineage
import seeding

NAMES = ('numpy', 'pandas', 'matplotlib')
# Names that programs and code under test use without importing them.
PRESETS = {'numpy': 'numpy', 'np': 'numpy', 'pandas': 'pandas', 'pd': 'pandas', 'matplotlib': 'matplotlib'}
PRESETS |= {'plt': 'matplotlib.pyplot'}

# Landlock lets a program read the rest of the packages, but what is here costs it nothing.
_MODULES = (
    'numpy numpy.linalg numpy.fft numpy.random numpy.polynomial numpy.ma numpy.testing pandas '
    'pandas.plotting pandas.plotting._matplotlib matplotlib matplotlib.pyplot '
    'matplotlib.backends.backend_agg matplotlib.animation matplotlib.dates mpl_toolkits.mplot3d'
).split()

_packages = ''
_absence = 'it is loaded only for programs whose text imports it: write the import statement into the program'


def load(packages: str) -> None:
    """Imports all, from the directory of the packages; `prepare.py` has put matplotlib's settings there."""
    global _packages
    _packages = packages
    sys.path.append(packages)
    settings = os.path.join(packages, 'masgpt-matplotlib')
    os.environ['MATPLOTLIBRC'] = os.path.join(settings, 'matplotlibrc')
    matplotlib: Any = importlib.import_module('matplotlib')
    # The packages are read-only, and matplotlib would make a directory of its own elsewhere.
    matplotlib.get_configdir = matplotlib.get_cachedir = lambda: settings
    for name in _MODULES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name in {*NAMES, 'mpl_toolkits'}:
                raise
    _warm_up()


def is_loaded() -> bool:
    return _packages != ''


def presets() -> dict[str, ModuleType]:
    """Empty where the libraries are not loaded."""
    return {alias: sys.modules[name] for alias, name in PRESETS.items()} if is_loaded() else {}


def install() -> None:
    """Seeds numpy's global generator per line, or refuses the imports."""
    if is_loaded():
        _seed_numpy()
    else:
        sys.meta_path.append(_Absent)


def absent(reason: str) -> None:
    """Why the host gave this program a process without the libraries, though its text asks for them."""
    global _absence
    _absence = reason


class _Absent:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name in NAMES:
            raise ModuleNotFoundError(f'{name} is not available here: {_absence}', name=name)
        return None


def _warm_up() -> None:
    """Draws once, so that each child need not read fonts and settings anew."""
    pyplot: Any = sys.modules['matplotlib.pyplot']
    font_manager: Any = sys.modules['matplotlib.font_manager']
    figure, axes = pyplot.subplots()
    axes.plot([0, 1], label='a')
    axes.legend()
    axes.set_title('$x^2$')
    figure.savefig(io.BytesIO())
    pyplot.close(figure)
    font_manager._get_font.cache_clear()  # they hold open files, and a child has none
    frame = sys.modules['pandas'].DataFrame({'a': [1, 2], 'b': [0.5, 1.5]})
    str(frame.groupby('a').mean())


def _seed_numpy() -> None:
    """numpy.random.NAME draws from a generator of the current line. `default_rng()` asks `secrets`, which
    is seeded.
    """
    random: Any = sys.modules['numpy.random']
    shared = random.mtrand._rand
    for name in dir(random):
        function = getattr(random, name)
        if getattr(function, '__self__', None) is shared or name == 'seed':
            setattr(random, name, _dispatch(name, random.RandomState))


def _dispatch(name: str, new_generator: Callable[[int], Any]) -> Callable[..., Any]:
    def function(*arguments: Any, **named: Any) -> Any:
        line = lineage.current()
        if line.arrays is None:
            line.arrays = new_generator(int.from_bytes(seeding.urandom(4), 'big'))
        return getattr(line.arrays, name)(*arguments, **named)

    function.__name__ = name
    return function
