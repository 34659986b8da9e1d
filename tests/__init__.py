"""The tests, in the same packages as what they test."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"  # real data beside the project, for checks only; it may be missing
