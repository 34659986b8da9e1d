"""Answers in tokens that are no mathematics, such as words: only a comparison with the reference judges them."""

import pandas as pd

from symbolic.seq2seq.translator import Translator


def evaluate_exactly(translator: Translator, problems: pd.DataFrame, progress: bool = True) -> pd.DataFrame:
    """A trained model's answers by greedy search, a row per problem.

    Args:
        problems: a frame with the columns `input` and `output`; other columns are kept.

    Returns:
        The problems with `output` renamed `reference`, and the columns `answer` (empty where the input is longer than
        the model reads) and `exact`: whether it equals the reference token by token.
    """
    rows = problems.drop(columns="count", errors="ignore").rename(columns={"output": "reference"})
    found = translator.translate(rows["input"].tolist(), progress=progress)
    rows = rows.assign(answer=[hypotheses[0].text if hypotheses else "" for hypotheses in found])
    return rows.assign(exact=rows["answer"] == rows["reference"])


def summarise_exactly(rows: pd.DataFrame) -> dict[str, float]:
    """The figures over the rows of `evaluate_exactly`: the number of problems, and the fraction answered exactly."""
    return {"problems": len(rows), "exact_match": float(rows["exact"].mean())}
