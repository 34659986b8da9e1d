"""Whether an answer is right: `verify` judges one, `verify_many` a stream of them in worker processes with limits."""

from symbolic.verification.judge import verify
from symbolic.verification.verdict import SOLVED, STATUSES, Verdict
from symbolic.verification.workers import verify_many

__all__ = ["SOLVED", "STATUSES", "Verdict", "verify", "verify_many"]
