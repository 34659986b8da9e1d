"""The process that `verify_many` starts: pairs in, verdicts out, a JSON line each, until the input ends."""

import json
import resource
import sys

from symbolic.verification.judge import verify
from symbolic.verification.verdict import Verdict

MEMORY_LIMIT = 2 << 30  # bytes of address space


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    print("ready", flush=True)
    for line in sys.stdin:
        problem, answer = json.loads(line)
        try:
            verdict = verify(problem, answer)
        except MemoryError:
            verdict = Verdict("undecided", f"memory limit: more than {MEMORY_LIMIT >> 30} GiB")
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
