"""Runs once, after the packages are installed, with their interpreter: writes matplotlib's settings and
font list beside them, so that no program looks for fonts. Only matplotlib's own fonts: the machine's lie
outside the sandbox.
"""

from __future__ import annotations

import os
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

SETTINGS = Path(sysconfig.get_path('purelib')) / 'masgpt-matplotlib'


def main() -> None:
    SETTINGS.mkdir(exist_ok=True)
    (SETTINGS / 'matplotlibrc').write_text('backend: Agg\n', encoding='utf-8')
    with tempfile.TemporaryDirectory() as directory:
        os.environ['MPLCONFIGDIR'] = directory
        from matplotlib import font_manager

        find: Any = font_manager.findSystemFonts
        font_manager.findSystemFonts = lambda fontpaths=None, fontext='ttf': (  # type: ignore[assignment]
            find(fontpaths, fontext) if fontpaths else []
        )
        manager = font_manager.FontManager()
        font_manager.json_dump(manager, SETTINGS / f'fontlist-v{manager.__version__}.json')
    for path in (SETTINGS, *SETTINGS.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)


main()
