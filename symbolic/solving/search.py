"""The search for answers: rounds of proposals, each judged, until every question is settled or the time is up.

`search` yields what happens as it happens, for a progress line or a page. `answers.answers` runs it to its end.
"""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symbolic.runtime.progress import tqdm
from symbolic.seq2seq.searches import Hypothesis
from symbolic.seq2seq.translator import Translator
from symbolic.solving.candidates import MODEL, Candidate, first_solved
from symbolic.solving.question import question_of
from symbolic.solving.rounds import Certificate, Inquiry, Means, Round, grammar_of
from symbolic.solving.sandbox import limited_map
from symbolic.verification import Verdict, verify_many

_LEAST = 0.1  # seconds of a limit, however little time is left
_FOR_SYSTEMS = 0.3  # fraction of the time that wider beams leave to the rounds after them


class Began(NamedTuple):
    """A round began, `seconds` after the search."""

    round: str
    seconds: float


class Proposed(NamedTuple):
    """An answer to question number `question` was proposed; its verdict follows."""

    question: int
    hypothesis: Hypothesis
    origin: str


class Judged(NamedTuple):
    """The verdict on a proposed answer to question number `question`."""

    question: int
    candidate: Candidate


class Certified(NamedTuple):
    """Question number `question` was proved to have no elementary answer."""

    question: int
    certificate: Certificate


Event = Began | Proposed | Judged | Certified


def search(
    inquiries: Sequence[Inquiry],
    translator: Translator,
    rounds: Sequence[Round],
    *,
    seconds: float | None = None,
    grammar: bool = True,
    time_limit: float = 10.0,
    workers: int = 1,
    progress: bool = False,
) -> Iterator[Event]:
    """Search for answers to questions, and judge every proposal. What is found is added to the inquiries.

    A round gets the questions that no general, verified answer has settled. An answer is judged once for each equation.

    Args:
        inquiries: the questions, with no candidates yet.
        rounds: as `rounds.fixed` or `rounds.widening` lists them.
        seconds: the time for the search. It begins no round after that, nor a wider beam that would probably take
            longer, and leaves off judging at the first answer that settles the last question. None: every round runs,
            and every proposal is judged.
        grammar: the model can write only well-formed expressions.
        time_limit: seconds that the judge may take for an answer, and a proposer for a question.
        workers: processes that judge and propose.
        progress: show progress bars.
    """
    started = time.perf_counter()
    verdicts: dict[tuple[str, str], Verdict] = {}
    pace = 0.0  # seconds of the model for each hypothesis of its beam

    def passed() -> float:
        return time.perf_counter() - started

    def left() -> float:
        return float("inf") if seconds is None else seconds - passed()

    def limit() -> float:
        return min(time_limit, max(left(), _LEAST))

    def answer_parts(parts: Sequence[str]) -> dict[str, str]:
        asked = [Inquiry(question_of(part)) for part in parts]
        options = {"grammar": grammar, "time_limit": time_limit, "workers": workers, "progress": progress}
        for _ in search(asked, translator, earlier, seconds=None if seconds is None else left(), **options):
            pass
        best = zip(parts, (first_solved(inquiry.candidates) for inquiry in asked), strict=True)
        return {part: candidate.tokens for part, candidate in best if candidate}

    legal = grammar_of(translator.target_processor) if grammar else None
    with limited_map(workers, limit, progress=progress) as compute:
        means = Means(translator, legal, compute, answer_parts, limit, workers, progress)
        for number, each in enumerate(rounds):
            earlier = rounds[:number]  # what the parts of a sum are asked
            still_open = [index for index, inquiry in enumerate(inquiries) if not inquiry.settled]
            if not still_open or left() <= 0:
                return
            if each.width and pace * each.width > left() - _FOR_SYSTEMS * (seconds or 0):
                continue
            yield Began(each.name, passed())
            began = passed()
            proposals = each.propose([inquiries[index] for index in still_open], means)
            yield from (Certified(i, inquiries[i].certificate) for i in still_open if inquiries[i].certificate)
            if not pace and each.origin == MODEL and proposals[0]:
                pace = (passed() - began) / len(proposals[0])
            seen = [{candidate.tokens for candidate in inquiries[index].candidates} for index in still_open]
            new = [
                (index, hypothesis)
                for index, row, known in zip(still_open, proposals, seen, strict=True)
                for hypothesis in row
                if hypothesis.text not in known
            ]
            yield from (Proposed(index, hypothesis, each.origin) for index, hypothesis in new)
            pairs = [(inquiries[index].question.equation, hypothesis.text) for index, hypothesis in new]
            unjudged = [pair for pair in dict.fromkeys(pairs) if pair not in verdicts]
            judging = iter(
                tqdm(
                    verify_many(unjudged, workers=workers, time_limit=limit()),
                    total=len(unjudged),
                    desc=f"judging, {each.name}",
                    unit="answer",
                    disable=not progress,
                )
            )
            for (index, hypothesis), pair in zip(new, pairs, strict=True):
                if pair not in verdicts:
                    verdicts[pair] = next(judging)
                candidate = Candidate(*hypothesis, each.origin, verdicts[pair], passed())
                inquiries[index].candidates.append(candidate)
                yield Judged(index, candidate)
                if seconds is not None and candidate.verdict.general and all(one.settled for one in inquiries):
                    return
            for _ in judging:
                pass  # ends the bar
