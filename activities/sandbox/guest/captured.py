"""Standard output into memory: the first 64 KiB are kept, the rest is counted as cut."""

from __future__ import annotations

import io

LIMIT_BYTES = 64 * 1024


class _Capped(io.RawIOBase):
    def __init__(self) -> None:
        self.kept = bytearray()
        self.cut = False

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        view = memoryview(data).cast('B')
        room = LIMIT_BYTES - len(self.kept)
        self.kept += view[: max(0, room)]
        self.cut = self.cut or len(view) > room
        return len(view)


class Captured(io.TextIOWrapper):
    """A text stream with `.buffer`, as programs expect of `sys.stdout`."""

    def __init__(self) -> None:
        self._capped = _Capped()
        super().__init__(
            io.BufferedWriter(self._capped), 'utf-8', 'backslashreplace', '\n', write_through=True
        )

    def text(self) -> str:
        try:
            self.flush()
        except ValueError:
            pass  # the program closed it
        text = self._capped.kept.decode('utf-8', 'replace')
        return text + '\n… (cut)' if self._capped.cut else text
