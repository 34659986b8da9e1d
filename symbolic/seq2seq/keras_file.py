"""What a `.keras` file holds, read without Keras: the class and configuration of a model, and its weights.

config.json         the class by its registered name, and the arguments of its constructor
model.weights.h5    one array for each weight, named by its layer's place in the model
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # within the archive
_OF_TRAINING = "optimizer/"


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


def read_config(path: Path | str) -> ModelConfig:
    """The configuration in a `.keras` file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(CONFIG))
        return ModelConfig(config["registered_name"], config["module"], config["class_name"], config["config"])
    except (zipfile.BadZipFile, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no model that Keras saved: {error}") from None


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

        arrays: dict[str, np.ndarray] = {}

        def collect(name: str, item) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith(_OF_TRAINING):
                arrays[name.replace("/vars/", "/")] = item[()]

        try:
            with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
                file.visititems(collect)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f"{path} is no model that Keras saved: {error}") from None
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
