"""Prints what the host must know of this interpreter, as JSON: version, paths, and the libraries that the
preloaded modules map.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main() -> None:
    import preload

    missing = preload.preload()
    print(
        json.dumps(
            {
                'executable': os.path.realpath(sys.executable),
                'version': list(sys.version_info[:3]),
                'build': sys.version,
                'machine': platform.machine(),
                'standardLibrary': standard_library(),
                'libraries': libraries(),
                'loader': loader(),
                'missing': missing,
            }
        )
    )


def standard_library() -> list[str]:
    return sorted({os.path.realpath(sysconfig.get_path(name)) for name in ('stdlib', 'platstdlib')})


def mapped_files() -> set[str]:
    with open('/proc/self/maps', encoding='utf-8') as maps:
        fields = [line.split(maxsplit=5) for line in maps]
    return {line[5].strip() for line in fields if len(line) == 6 and line[5].startswith('/')}


def libraries() -> list[str]:
    """Directories of the shared libraries outside the standard library."""
    inside = tuple(path + '/' for path in standard_library())
    shared = {
        path for path in mapped_files() if '.so' in os.path.basename(path) and not path.startswith(inside)
    }
    return sorted({os.path.dirname(path) for path in shared})


def loader() -> str | None:
    """The dynamic loader by the path that executables name."""
    names = (name for name in ('/lib64', '/lib') if os.path.isdir(name))
    found = (
        os.path.join(name, file)
        for name in names
        for file in sorted(os.listdir(name))
        if file.startswith('ld-linux')
    )
    return next(found, None)


main()
