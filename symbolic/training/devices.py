"""Training on several devices and several machines at once, by `keras.distribution` on JAX.

Nothing asks for it but what is there: a process trains on all devices that JAX shows it, and processes that were
launched together train one model together. Every device has a copy of the weights and computes on its rows of each
batch. A batch is one array over all devices and its loss one mean over all of its labels, so it does not matter, but
for rounding, how many devices share it.

Processes are launched together by SLURM's `srun`, or by whatever sets the variables KERAS_DISTRIBUTION_JOB_ADDRESSES,
KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID. The first of them keeps the folders; the others read
them, so they need a common file system. This file knows devices and rows of batches, not models or trials.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import NoReturn

import keras
import numpy as np

from symbolic.seq2seq.batches import Batch

# How many processes were launched together, as their launchers say it; here, that it is this one alone.
ALONE = {"KERAS_DISTRIBUTION_NUM_PROCESSES": "1", "SLURM_STEP_NUM_TASKS": "1"}


def join_processes() -> None:
    """Join the processes that this one was launched together with; before anything is computed.

    Raises:
        ValueError: there are several, and Keras runs on TensorFlow.
        OSError: they do not find each other.
    """
    if _on_jax() and (tensorflow := sys.modules.get("tensorflow")):
        tensorflow.config.set_visible_devices([], "GPU")  # it turns text into ids alone, and would take their memory
    launched = max(int(os.environ.get(name, alone)) for name, alone in ALONE.items())
    if launched == 1:
        return
    if keras.backend.backend() != "jax":
        raise ValueError(
            "Several processes can train one model with Keras on JAX alone: set KERAS_BACKEND=jax. "
            f"Received: {launched} processes, and Keras on {keras.backend.backend()}."
        )
    import jax

    if jax.distributed.is_initialized():
        return
    try:
        keras.distribution.initialize()
    except (RuntimeError, ValueError) as error:
        raise OSError(f"this process does not find the {launched} that it was launched with: {error}") from error


def process() -> int:
    """The number of this process among those that train together."""
    return _jax().process_index() if _on_jax() else 0


def processes() -> int:
    """How many processes train together."""
    return _jax().process_count() if _on_jax() else 1


@contextlib.contextmanager
def all_devices() -> Iterator[None]:
    """Models that are made or loaded in the block train on all devices of all processes.

    Raises:
        ValueError: TensorFlow is to distribute the training. Keras clips gradients and divides losses in each replica
            before it adds up the gradients, so that they would not be those of the whole batch.
    """
    if not _on_jax():
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None and tensorflow.distribute.has_strategy():
            raise ValueError(
                "A strategy of tf.distribute would train on other gradients than one device does: "
                "leave it out, or set KERAS_BACKEND=jax to train on several devices."
            )
        yield
    elif _jax().device_count() == 1:
        yield
    else:
        with keras.distribution.DataParallel(auto_shard_dataset=False).scope():
            yield


class Shared(keras.utils.PyDataset):
    """This process's rows of the batches of a PyDataset, as `shared` makes them."""

    def __init__(self, batches: keras.utils.PyDataset):
        super().__init__()
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: int) -> Batch:
        return _own_rows(self.batches[i])


def shared(batches: Iterable[Batch]) -> Iterable[Batch]:
    """This process's rows of each batch: as many in every process and on every device.

    What is missing for that is filled up with rows without labels. The processes' rows end to end are the batch.
    """
    if keras.distribution.distribution() is None:
        return batches
    if isinstance(batches, keras.utils.PyDataset):
        return Shared(batches)
    return (_own_rows(batch) for batch in batches)


def _own_rows(batch: Batch) -> Batch:
    inputs, labels = batch
    own = -(-len(labels) // _jax().device_count()) * _jax().local_device_count()
    rows = np.arange(process() * own, (process() + 1) * own)
    filling = rows >= len(labels)
    rows[filling] = 0
    return keras.tree.map_structure(lambda ids: ids[rows], inputs), np.where(filling[:, None], 0, labels[rows])


def wait() -> None:
    """Go on when all processes have come here."""
    if processes() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices("symbolic.training.devices")


@contextlib.contextmanager
def first_before_others() -> Iterator[None]:
    """The first process runs the block, then all others do: they find the files that it has made."""
    if process():
        wait()
    yield
    if not process():
        wait()


def of_first(values: dict[str, float]) -> dict[str, float]:
    """What the first process has for the same keys: where a decision hangs on it, all must decide alike."""
    if processes() == 1:
        return values
    from jax.experimental import multihost_utils

    agreed = multihost_utils.broadcast_one_to_all(np.array(list(values.values()), np.float32))
    return dict(zip(values, agreed.tolist(), strict=True))


def leave(status: int) -> NoReturn:
    """End this process; after a failure at once, for JAX would wait for the others, which wait for this one."""
    if status and processes() > 1:
        sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def _on_jax() -> bool:
    return keras.backend.backend() == "jax"


def _jax():
    import jax

    return jax
