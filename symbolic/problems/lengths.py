"""How long the sequences of many problems are."""

from collections import Counter
from collections.abc import Iterable, Mapping


def count_lengths(pairs: Iterable[tuple[str, str]]) -> dict[str, Counter]:
    """The lengths of both sides of problems: "input" and "output" -> number of tokens -> problems."""
    lengths = {"input": Counter(), "output": Counter()}
    for pair in pairs:
        for count, text in zip(lengths.values(), pair, strict=True):
            count[text.count(" ") + 1] += 1
    return lengths


def describe_lengths(lengths: Mapping[str, Counter]) -> list[str]:
    """A line for each side: mean, median and longest length in tokens."""
    lines = []
    for side, count in lengths.items():
        total = count.total()
        mean = sum(length * problems for length, problems in count.items()) / total
        median = (_length_of_rank(count, (total - 1) // 2) + _length_of_rank(count, total // 2)) / 2
        lines.append(f"tokens of {side}: mean {mean:.1f} · median {median:g} · longest {max(count)}")
    return lines


def _length_of_rank(count: Counter, rank: int) -> int:
    """The length at place `rank`, from 0 up, in the order from the shortest to the longest."""
    for length in sorted(count):
        rank -= count[length]
        if rank < 0:
            return length
    raise IndexError("rank out of range")
