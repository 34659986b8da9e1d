"""Training on several devices and several machines at once, by `keras.distribution` on JAX.

There is no option: a process trains on every device that JAX reports, and processes that were launched together train
one model together. Every device has a copy of the weights and computes on its rows of each batch. A batch is one array
over all devices, and its loss is one mean over all of its labels. So the number of devices changes results only by
rounding.

Processes are launched together by SLURM's `srun`, or by anything that sets the variables
KERAS_DISTRIBUTION_JOB_ADDRESSES, KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID. The process of
rank 0 writes the folders; the others read them, so they need a common file system.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator

import keras
import numpy as np

from symbolic.seq2seq.batches import Batch

# Variables in which launchers give the number of processes, with the value for a process on its own.
ALONE = {"KERAS_DISTRIBUTION_NUM_PROCESSES": "1", "SLURM_STEP_NUM_TASKS": "1"}


def join_processes() -> None:
    """Join the processes that this one was launched together with; before anything is computed.

    Raises:
        ValueError: there are several, and Keras runs on TensorFlow.
        OSError: they do not find each other.
    """
    if _on_jax() and (tensorflow := sys.modules.get("tensorflow")):
        tensorflow.config.set_visible_devices([], "GPU")  # it only writes curves, and would take their memory
    launched = max(int(os.environ.get(name, alone)) for name, alone in ALONE.items())
    if launched == 1:
        return
    if keras.backend.backend() != "jax":
        raise ValueError(
            "Several processes can train one model only with Keras on JAX: set KERAS_BACKEND=jax. "
            f"Received: {launched} processes, and Keras on {keras.backend.backend()}."
        )
    import jax

    if jax.distributed.is_initialized():
        return
    try:
        keras.distribution.initialize()
    except (RuntimeError, ValueError) as error:
        raise OSError(f"this process does not find the {launched} that it was launched with: {error}") from error


def rank() -> int:
    """The number of this process among those that train together, from 0 up."""
    return _jax().process_index() if _on_jax() else 0


def world_size() -> int:
    """How many processes train together."""
    return _jax().process_count() if _on_jax() else 1


@contextlib.contextmanager
def all_devices() -> Iterator[None]:
    """Models that are made or loaded in the block train on all devices of all processes.

    Raises:
        ValueError: a strategy of tf.distribute is active. With it Keras clips gradients and divides losses in each
            replica before it adds the gradients up, so the result would differ from that of the whole batch.
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
    """This process's rows of each batch; every process and every device gets the same number.

    Rows without labels fill a batch up to that. The processes' rows end to end are the batch.
    """
    if keras.distribution.distribution() is None:
        return batches
    if isinstance(batches, keras.utils.PyDataset):
        return Shared(batches)
    return (_own_rows(batch) for batch in batches)


def _own_rows(batch: Batch) -> Batch:
    inputs, labels = batch
    own = -(-len(labels) // _jax().device_count()) * _jax().local_device_count()
    rows = np.arange(rank() * own, (rank() + 1) * own)
    filling = rows >= len(labels)
    rows[filling] = 0
    return keras.tree.map_structure(lambda ids: ids[rows], inputs), np.where(filling[:, None], 0, labels[rows])


def barrier(name: str) -> None:
    """Wait until all processes have reached the barrier of this name."""
    if world_size() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(f"symbolic: {name}")


@contextlib.contextmanager
def rank_0_first(name: str) -> Iterator[None]:
    """The process of rank 0 runs the block, then the others run it: they find the files that it has made."""
    if rank():
        barrier(name)
    yield
    if not rank():
        barrier(name)


def broadcast(values: dict[str, float]) -> dict[str, float]:
    """The values of rank 0 for the same keys, so that all processes decide alike."""
    if world_size() == 1:
        return values
    from jax.experimental import multihost_utils

    of_rank_0 = multihost_utils.broadcast_one_to_all(np.array(list(values.values()), np.float32))
    return dict(zip(values, of_rank_0.tolist(), strict=True))


def exit_if_failed(status: int) -> None:
    """After a failure end this process at once, if several train together.

    An ordinary exit would wait in JAX for the others, which wait for this one.
    """
    if status and world_size() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _on_jax() -> bool:
    return keras.backend.backend() == "jax"


def _jax():
    import jax

    return jax
