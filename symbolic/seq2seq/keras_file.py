"""What a `.keras` file holds, read without Keras: the class and configuration of a model, and its weights.

config.json         the class by its registered name, and the arguments of its constructor
model.weights.h5    one array for each weight, named by its layer's place in the model
"""

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # within the archive
# Arrays in a file that are not weights of the model: of its training, and the random states of dropout.
_OTHER_ARRAYS = re.compile("(optimizer|loss|metrics)/|(.*/)?seed_generator/")
_MOST_EXPANSION = 100  # times its size on disk that a file may take in memory; those of Keras take it once


class ModelConfig(NamedTuple):
    """How a file describes its model.

    Attributes:
        registered_name: of the class, such as `symbolic>Transformer`.
        module, class_name: where the class was defined.
        arguments: what its `get_config` returned.
    """

    registered_name: str
    module: str
    class_name: str
    arguments: dict[str, Any]


class Refused(ValueError):
    """A file that was refused, with the file's name and the reason."""


@contextlib.contextmanager
def named_errors(path: Path | str) -> Iterator[None]:
    """Errors that a damaged file leads to, as one ValueError with its name; errors of the disk stay what they are."""
    try:
        yield
    except Refused:
        raise
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise _damaged(path, error) from error
    except Exception as error:  # Keras, HDF5 and zipfile raise errors of many kinds, OSError among them
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _damaged(path, error) from error


def _damaged(path: Path | str, error: Exception) -> ValueError:
    reason = (str(error).partition("\n")[0] or type(error).__name__)[:300]
    return ValueError(f"{path} is no model that Keras saved, or is damaged: {reason}")


def check_archive(path: Path | str) -> None:
    """Refuse a `.keras` file that is none, or that unpacks to far more than its size, before any of it is unpacked.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is refused.
    """
    with named_errors(path), zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        for part in (CONFIG, WEIGHTS):
            archive.getinfo(part)
    _check_expansion(path, unpacked)


def _check_expansion(path: Path | str, size: int) -> None:
    on_disk = Path(path).stat().st_size
    if size > _MOST_EXPANSION * on_disk:
        raise Refused(
            f"{path} is refused: it has {on_disk:,} bytes and unpacks to {size:,}, more than {_MOST_EXPANSION} times "
            "as many."
        )


def arrays_in(path: Path | str, file: "h5py.File") -> "dict[str, h5py.Dataset]":
    """The weights of a model in an HDF5 file of Keras, by name; none of them is read.

    Raises:
        ValueError: they would take far more memory than the file has bytes, or are in another file.
    """
    import h5py  # here, because importing it takes a tenth of a second

    arrays = {}

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and not _OTHER_ARRAYS.match(name):
            arrays[name] = item

    file.visititems(collect)
    _check_expansion(path, sum(array.size * array.dtype.itemsize for array in arrays.values()))
    for name, array in arrays.items():
        if array.is_virtual or array.external:
            raise Refused(f"{path} is refused: the weights `{name}` are in another file.")
    return arrays


def read_config(path: Path | str) -> ModelConfig:
    """The configuration in a `.keras` file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    check_archive(path)
    with named_errors(path), zipfile.ZipFile(path) as archive:
        match json.loads(archive.read(CONFIG)):
            case {
                "registered_name": str(name),
                "module": str(module),
                "class_name": str(cls),
                "config": dict(arguments),
            }:
                return ModelConfig(name, module, cls, arguments)
    raise ValueError(f"{path} is no model that Keras saved: its {CONFIG} names no class.")


class Weights:
    """The arrays of a `.keras` file by name, each of which must be taken exactly once.

    Args:
        path: for errors.
        arrays: name -> array; names are those in the file without `/vars`, such as `encoder_norm/0`.
    """

    def __init__(self, path: Path | str, arrays: dict[str, np.ndarray]):
        self._path, self._arrays = path, dict(arrays)

    @classmethod
    def read(cls, path: Path | str) -> "Weights":
        """The weights in a file; those of its optimizer are left out.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such file.
        """
        import h5py  # here, because importing it takes a tenth of a second

        check_archive(path)
        with named_errors(path), zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
            found = arrays_in(path, file)
            arrays = {name.replace("/vars/", "/"): array[()] for name, array in found.items()}
        return cls(path, arrays)

    def take(self, name: str, *shape: int) -> np.ndarray:
        """An array as float32, which is no longer there afterwards.

        Raises:
            ValueError: there is none, or it has another shape, holds no real numbers, or some that are not finite.
        """
        array = self._arrays.pop(name, None)
        if array is None:
            raise ValueError(f"{self._path} has no weights `{name}`, which its configuration asks for")
        if array.shape != shape or array.dtype.kind != "f":
            found = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"{self._path}: the weights `{name}` must be floats of shape {shape}. Received: {found}.")
        if not np.isfinite(array).all():
            raise ValueError(f"{self._path}: the weights `{name}` hold infinity or nan")
        return array.astype(np.float32)

    def check_all_taken(self) -> None:
        """Check that no array is left.

        Raises:
            ValueError: names some that are.
        """
        if self._arrays:
            left = ", ".join(sorted(self._arrays)[:5])
            raise ValueError(f"{self._path} has weights that its configuration does not ask for: {left}")
