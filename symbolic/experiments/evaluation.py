"""What a trained model really solves: decode, verify, a row per problem.

Three figures, never to be mixed up: token accuracy (under teacher forcing, from the training loop), exact match (the
decoded answer equals the reference token by token) and solve rate (the decoded answer verifies).
"""

import pandas as pd
from tqdm import tqdm

from symbolic.seq2seq.translator import Translator
from symbolic.verification import SOLVED, STATUSES, verify_many


def evaluate(translator: Translator, problems: pd.DataFrame, workers: int = 1) -> pd.DataFrame:
    """Decode and verify: a row per problem with input, reference, answer, score, exact, status and reason.

    Args:
        problems: a frame with the columns input and output.
        workers: processes that verify.
    """
    rows = problems[["input", "output"]].rename(columns={"output": "reference"}).reset_index(drop=True)
    rows["answer"], rows["score"] = translator.translate(rows["input"].tolist(), progress=True)
    rows["exact"] = rows["answer"] == rows["reference"]
    verdicts = verify_many(zip(rows["input"], rows["answer"], strict=True), workers=workers)
    verdicts = list(tqdm(verdicts, total=len(rows), desc="verifying", unit="answer"))
    rows["status"] = [verdict.status for verdict in verdicts]
    rows["reason"] = [verdict.reason for verdict in verdicts]
    return rows


def summarise(rows: pd.DataFrame) -> dict[str, float]:
    """Exact match, solve rate and the share of every verdict, over the rows of `evaluate`."""
    shares = {status: float((rows["status"] == status).mean()) for status in STATUSES}
    return {
        "problems": len(rows),
        "exact_match": float(rows["exact"].mean()),
        "solve_rate": float(rows["status"].isin(SOLVED).mean()),
        **shares,
    }
