"""Verdicts on many pairs, in worker processes with limits on time and memory.

Workers take a chunk of pairs at a time, which costs little more than judging the pairs in this process. A chunk that
hangs or crashes is judged again pair by pair, so only the faulty pair is lost.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from symbolic.expressions.prefix import Tree, prefix_text
from symbolic.runtime.processes import ProcessExpired, limit_this_process, preload_module, process_pool
from symbolic.verification.judge import verify
from symbolic.verification.verdict import Verdict

preload_module(__name__)

MEMORY_LIMIT = 2 << 30  # bytes of address space of a worker

_CHUNK = 8  # pairs
_AHEAD = 2  # chunks taken from the input ahead of the verdicts, per worker


def verify_many(
    pairs: Iterable[tuple[Tree | str, Tree | str]],
    workers: int = 1,
    time_limit: float = 5.0,
    *,
    extent: bool = True,
    domain: bool = False,
) -> Iterator[Verdict]:
    """Verdicts on (problem, answer) pairs, in their order; see `verify`.

    Args:
        pairs: read as the verdicts are taken, a few ahead, so they may be a long stream.
        workers: processes, at least 1.
        time_limit: seconds a pair may take; one that takes longer is "undecided".
        extent, domain: whether to measure how much of the solution a right answer is, and where it holds.

    Raises:
        ValueError: `workers` or `time_limit` is not positive.
    """
    texts = ((_text(problem), _text(answer), extent, domain) for problem, answer in pairs)
    return judge_many(texts, _verify, workers, time_limit)


def judge_many(
    pairs: Iterable[tuple], judge: Callable[..., Verdict], workers: int = 1, time_limit: float = 5.0
) -> Iterator[Verdict]:
    """The verdicts of any judge on pairs, in their order: a function of a module that raises nothing.

    Raises what `verify_many` raises.
    """
    if workers < 1 or not time_limit > 0:
        raise ValueError(
            f"`workers` must be at least 1 and `time_limit` positive. Received: workers={workers}, "
            f"time_limit={time_limit}."
        )
    return _verdicts(pairs, judge, workers, time_limit)


def _verdicts(pairs, judge, workers, time_limit):
    texts = iter(pairs)
    with process_pool(workers, initializer=limit_this_process, initargs=[MEMORY_LIMIT]) as pool:

        def begun(chunk):
            return chunk, pool.schedule(_judge_chunk, [judge, chunk], timeout=time_limit)

        def finished(chunk, future):
            try:
                yield from future.result()
            except (ProcessExpired, TimeoutError) as error:
                if len(chunk) > 1:
                    for single in [begun([pair]) for pair in chunk]:
                        yield from finished(*single)
                elif isinstance(error, ProcessExpired):
                    yield Verdict("undecided", "the checker crashed")
                else:
                    yield Verdict("undecided", f"time limit: no verdict within {time_limit:g} s")

        under_way = deque()
        # The first chunks are small, so that the first verdicts come soon.
        sizes = itertools.chain((1, 2, 4), itertools.repeat(_CHUNK))
        while chunk := list(itertools.islice(texts, next(sizes))):
            under_way.append(begun(chunk))
            if len(under_way) > _AHEAD * workers:
                yield from finished(*under_way.popleft())
        while under_way:
            yield from finished(*under_way.popleft())


def _text(expression: Tree | str) -> str:
    return prefix_text(expression) if isinstance(expression, Tree) else expression


def _judge_chunk(judge: Callable[..., Verdict], chunk: list[tuple]) -> list[Verdict]:
    return [judge(*pair) for pair in chunk]


def _verify(problem: str, answer: str, extent: bool, domain: bool) -> Verdict:
    try:
        return verify(problem, answer, extent=extent, domain=domain)
    except MemoryError:
        return Verdict("undecided", f"memory limit: more than {MEMORY_LIMIT >> 30} GiB")
    except Exception as error:  # no pair may cost the others their verdicts
        return Verdict("undecided", f"the checker crashed: {type(error).__name__}: {error}")
