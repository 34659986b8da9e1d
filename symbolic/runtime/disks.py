"""A full disk as one sentence: which path cannot be written, how much is free there, and how much is wanted."""

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def full_disk(path: Path | str, wanted: str = "", number: int = errno.ENOSPC) -> OSError:
    """The error for a disk without room for a path.

    Args:
        wanted: how much is wanted and what to do, a sentence.
        number: what the operating system reported.
    """
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return OSError(number, f"{path} cannot be written, the disk or the quota is full; {free:,} bytes are free.{wanted}")


@contextlib.contextmanager
def full_disk_named(path: Path | str, wanted: str = "") -> Iterator[None]:
    """Within the block a full disk is an error that names a path, unless what is raised does so already.

    Raises:
        OSError: see `full_disk`.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or "cannot be written" in str(error):
            raise
        raise full_disk(path, wanted, error.errno) from error
