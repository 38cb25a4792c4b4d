"""Standard output into memory: the first 64 KiB are kept, the rest is counted as cut. With a listener, each
line is also told as it is printed, so that it outlives a process that is killed.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable

LIMIT_BYTES = 64 * 1024
# After so many pieces, lines are told by the KiB: what prints a lot shall not be slowed down by it.
_PIECES_AT_ONCE = 256
_PIECE_BYTES = 1024
_CUT = '\n… (cut)'


class _Capped(io.RawIOBase):
    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self.kept = bytearray()
        self.cut = False
        self._tell = tell
        self._told = 0
        self._told_cut = False
        self._pieces = 0
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        view = memoryview(data).cast('B')
        room = LIMIT_BYTES - len(self.kept)
        self.kept += view[: max(0, room)]
        self.cut = self.cut or len(view) > room
        if self._pieces < _PIECES_AT_ONCE or self.cut or len(self.kept) - self._told >= _PIECE_BYTES:
            self.report()
        return len(view)

    def report(self) -> None:
        if self._tell is None or (self._told == len(self.kept) and self._told_cut == self.cut):
            return
        piece = self._decoder.decode(bytes(self.kept[self._told :]))
        self._told, self._told_cut = len(self.kept), self.cut
        self._pieces += 1
        self._tell(piece + _CUT if self.cut else piece)


class Captured(io.TextIOWrapper):
    """A text stream with `.buffer`, as programs expect of `sys.stdout`."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._capped = _Capped(tell)
        super().__init__(
            io.BufferedWriter(self._capped),
            'utf-8',
            'backslashreplace',
            '\n',
            line_buffering=tell is not None,
            write_through=True,
        )

    def text(self) -> str:
        try:
            self.flush()
        except ValueError:
            pass  # the program closed it
        text = self._capped.kept.decode('utf-8', 'replace')
        return text + _CUT if self._capped.cut else text

    def finish(self) -> None:
        """Tells what is not told yet."""
        self.text()
        self._capped.report()
