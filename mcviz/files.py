"""Files are written beside and put in place when they are whole: a reader sees the old file or the new one."""

import errno
import io
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

PATIENCE = 1.0
"""Seconds for which a program that reads the old file may keep Windows from putting the new one in its place."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoom(ValueError):
    """What was to be written found no room: a full disk, or as much as this user, or one file, may take."""


_number = count()
_drafts: set[Path] = set()
"""What this process is writing now."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write; at the end of the `with` block it is at `path`, with the permissions that `open` would give.

    If anything goes wrong, what was at `path` before is still there, and nothing else. What killed processes left
    beside `path` is removed. A device or a pipe is written to directly. Raises `OSError`, which names `path`.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with open(path, "wb") as file:
            yield file
        return
    clear(target)
    # a name is at most 255 bytes long, and a character takes at most 4
    draft = target.with_name(f"{target.name[-50:]}.{os.getpid()}.{next(_number)}.tmp")
    _drafts.add(draft)
    try:
        if target.exists():
            os.close(os.open(target, os.O_WRONLY))  # as `open` would refuse a file that is write-protected
        with open(draft, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        _put(draft, target)
    except OSError as error:
        if error.filename in (None, str(draft), str(target)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        _drafts.discard(draft)


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write `content`, text as UTF-8, in one step. Raises `OSError`, which names `path`."""
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as file:
        file.write(data)


def content(file: str | os.PathLike[str] | io.BufferedIOBase | BinaryIO) -> bytes:
    """All that stands in a file, by its path or open for bytes. Raises `ValueError` for what is neither."""
    if isinstance(file, str | os.PathLike):
        return Path(file).read_bytes()
    data: object = file.read() if hasattr(file, "read") else None
    if not isinstance(data, bytes):
        raise ValueError(f"path: expected a path, or a file that is open for bytes; got {type(file).__name__}")
    return data


def put(path: str | os.PathLike[str], content: str | bytes) -> None:
    """`write`, and make the folder where there is none. Raises `ValueError` if that cannot be (`NoRoom`: no room)."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write(path, content)
    except OSError as error:
        raise unwritten(path, error) from None


def unwritten(path: str | os.PathLike[str], error: OSError) -> ValueError:
    """Why nothing was written at `path`: `NoRoom`, or another `ValueError`."""
    kind = NoRoom if error.errno in FULL else ValueError
    return kind(f"{path}: expected a place that can be written to ({error.strerror})")


def append_line(path: str | os.PathLike[str], line: str) -> None:
    """Add a line, which ends in a newline, to a file: all of it or nothing.

    A last line that a kill cut off is removed first, so that nothing joins it. Raises `OSError`, which names `path`.
    """
    data = line.encode()
    file = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        end = _cut(file)
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        except BaseException:
            os.ftruncate(file, end)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(file)


@contextmanager
def alone(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside, no other process is inside for the same `path`: what takes long, and writes there now and then.

    A file `path.lock` says so to the others, for as long as this process lives. The folder is made where there is
    none. Raises `ValueError` if another one is inside, or nothing can be written there.
    """
    lock = Path(f"{os.path.realpath(path)}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = _lock(lock)
    except BlockingIOError:
        raise ValueError(
            f"{path}: expected to be alone there, but another process writes it; wait for its end"
        ) from None
    except OSError as error:
        raise unwritten(path, error) from None
    try:
        yield
    finally:
        if os.name == "nt":  # there, what is open cannot be removed
            os.close(file)
            file = -1
        with suppress(OSError):
            lock.unlink()
        if file >= 0:
            os.close(file)


def clear(path: str | os.PathLike[str]) -> None:
    """Remove what processes that are no more left beside `path` when they were killed while they wrote it."""
    target = Path(os.path.realpath(path))
    ours = re.compile(rf"{re.escape(target.name[-50:])}\.(\d+)(\.\d+)?\.tmp")
    with suppress(OSError):
        for name in os.listdir(target.parent):
            found, draft = ours.fullmatch(name), target.with_name(name)
            if found and not _is_written(draft, int(found[1])):
                with suppress(OSError):  # another process was faster, or Windows knows that it is still written
                    draft.unlink()


def _lock(path: Path) -> int:
    """A file at `path`, open, that nobody else has locked. Raises `BlockingIOError` if somebody has."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(file)
            # who had it before may have removed it since it was opened
            if os.path.exists(path) and os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None

else:
    import fcntl

    def _take(file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            pass


def _is_written(draft: Path, process: int) -> bool:
    """Whether a living process may still be writing `draft`."""
    if process == os.getpid():
        return draft in _drafts
    if os.name == "nt":  # there, a file that is open cannot be removed, and signal 0 would end a process
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _put(draft: Path, target: Path) -> None:
    """Move `draft` to `target`; where Windows refuses because somebody reads the old file, ask again for a while."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return os.replace(draft, target)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _cut(file: int) -> int:
    """Remove what follows the last newline of an open file. Returns its length."""
    end = os.lseek(file, 0, os.SEEK_END)
    if end:
        os.lseek(file, -1, os.SEEK_END)
        if os.read(file, 1) != b"\n":
            os.lseek(file, 0, os.SEEK_SET)
            content = b"".join(iter(lambda: os.read(file, 2**20), b""))
            end = content.rfind(b"\n") + 1
            os.ftruncate(file, end)
    return end
