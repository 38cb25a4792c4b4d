"""What processes hold, read from /proc by the zygote: of itself, and of its children."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping

_PAGE_BYTES = resource.getpagesize()


def own_size() -> dict[str, int]:
    resident, _ = _pages('self')
    return {'rssBytes': resident * _PAGE_BYTES, 'descriptors': len(os.listdir('/proc/self/fd'))}


def growths(processes: Mapping[int, int]) -> list[tuple[int, int]]:
    """By how many bytes each child holds more than the zygote from which it was copied: (slot, bytes)."""
    base = _anonymous('self')
    found = []
    for process, slot in processes.items():
        try:
            found.append((slot, max(0, _anonymous(str(process)) - base) * _PAGE_BYTES))
        except OSError:
            continue  # it has ended
    return found


def _anonymous(process: str) -> int:
    resident, shared = _pages(process)
    return resident - shared


def _pages(process: str) -> tuple[int, int]:
    with open(f'/proc/{process}/statm', encoding='ascii') as sizes:
        _, resident, shared, *_ = sizes.read().split()
    return int(resident), int(shared)
