"""Models and weights from Keras's files: whole or not at all, whoever made the file.

Keras loads a file on its own terms: what is raised while it builds a model, Ctrl-C and MemoryError included, it
swallows, and it goes on with random weights. A configuration can ask for any amount of memory. So here a file is first
compared with what it says of itself, a model is built before its weights take memory, and after loading every weight of
the file must be in the model, and no other. A file that does not pass is a ValueError with its name.
"""

import contextlib
import hashlib
import io
import json
import math
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from symbolic.runtime.interruptions import interruption_delayed
from symbolic.seq2seq.keras_file import CONFIG, WEIGHTS, Refused, arrays_in, check_archive, named_errors

if TYPE_CHECKING:
    import keras

_SMALL = 4096  # a number in a configuration that is greater must be the width of a weight of the file


def load_model(path: Path | str) -> "keras.Model":
    """The model in a `.keras` file, in Keras's safe mode; its class must be registered in this process.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no such model, its configuration does not fit its weights, or these are not finite.
    """
    import keras

    check_archive(path)
    with interruption_delayed(), named_errors(path):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(CONFIG))
            weights = archive.read(WEIGHTS)
        shapes = _shapes(path, weights)
        _check_numbers(path, config["config"], shapes)
        with _unallocated(), warnings.catch_warnings():
            warnings.filterwarnings("error", category=UserWarning, module="keras")
            model = keras.saving.deserialize_keras_object({**config, "compile_config": None})
            _check_shapes(path, shapes, model)
        with keras.StatelessScope():
            pass  # its end gives the weights their memory
        model.load_weights(path)
        _check_weights(path, weights, model)
    return model


def load_weights(model: "keras.Model", path: Path | str) -> None:
    """Give a built model the weights in a `.weights.h5` or `.keras` file; its optimizer too, if it has one.

    Raises:
        OSError: the file cannot be read.
        ValueError: these are the weights of another model, or are not finite; the model is then of no use.
    """
    path = Path(path)
    with interruption_delayed(), named_errors(path):
        if path.suffix == ".keras":
            check_archive(path)
            with zipfile.ZipFile(path) as archive:
                weights = archive.read(WEIGHTS)
        else:
            weights = path.read_bytes()
        shapes = _shapes(path, weights)
        _check_shapes(path, shapes, model)
        model.load_weights(path)
        _check_weights(path, weights, model)


def _shapes(path: Path | str, weights: bytes) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the weights in a file, of which none is read."""
    with h5py.File(io.BytesIO(weights)) as file:
        return {name: array.shape for name, array in arrays_in(path, file).items()}


def _check_numbers(path: Path | str, arguments: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse a configuration that asks for more layers, or wider ones, than the file has weights for."""
    widths = {width for shape in shapes.values() for width in shape}
    for name, value in arguments.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        most = len(shapes) if "layers" in name else _SMALL
        if not -_SMALL <= value <= most and value not in widths:
            raise Refused(f"{path}: the configuration has {name}={value}, for which the file has no weights.")


def _check_shapes(path: Path | str, there: Mapping[str, tuple[int, ...]], model: "keras.Model") -> None:
    in_file, in_model = Counter(there.values()), Counter(tuple(weight.shape) for weight in model.weights)
    if in_file != in_model:
        missing, left = [
            ", ".join(f"{count} of shape {shape}" for shape, count in sorted(counts.items())[:5]) or "none"
            for counts in (in_model - in_file, in_file - in_model)
        ]
        sizes = sum(math.prod(shape) for shape in there.values())
        raise Refused(
            f"{path} does not fit the model, which has {model.count_params():,} numbers in {len(model.weights)} "
            f"weights; the file has {sizes:,} in {len(there)}; missing in the file: {missing}; left over: {left}."
        )


def _check_weights(path: Path | str, weights: bytes, model: "keras.Model") -> None:
    """Check that the model has the weights of the file and no others, and that all are finite."""
    import keras

    with h5py.File(io.BytesIO(weights)) as file:
        in_file = {name: np.asarray(array[()]) for name, array in arrays_in(path, file).items()}
    for name, array in in_file.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Refused(f"{path}: the weights `{name}` hold infinity or nan.")
    loaded = map(keras.ops.convert_to_numpy, model.weights)
    if Counter(map(_digest, in_file.values())) != Counter(map(_digest, loaded)):
        raise Refused(f"{path}: the weights were not read as they are in the file.")


def _digest(array: np.ndarray) -> tuple[tuple[int, ...], str]:
    floats = array if array.dtype.kind in "iub" else array.astype(np.float32)
    return array.shape, hashlib.sha256(np.ascontiguousarray(floats).tobytes()).hexdigest()


@contextlib.contextmanager
def _unallocated() -> Iterator[None]:
    """A block in which weights get a shape but no memory; where it raises an error, they never get any."""
    import keras
    from keras.src.backend.common import global_state  # Keras has no public way to forget them

    with keras.StatelessScope(initialize_variables=False):
        try:
            yield
        except BaseException:
            global_state.set_global_attribute("uninitialized_variables", [])
            raise
