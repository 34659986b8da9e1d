"""Questions in, judged candidates out: what the evaluation asks for many problems at one beam size.

A trained model proposes. For whatever is still unsolved, proposers propose more if they are asked for. Every proposal
is judged.
"""

from collections.abc import Sequence

from symbolic.seq2seq.searches import Beam, Search
from symbolic.seq2seq.translator import Translator
from symbolic.solving.candidates import Candidate
from symbolic.solving.question import Question
from symbolic.solving.rounds import Inquiry, fixed
from symbolic.solving.search import search as run

DEFAULT_SEARCH = Beam(10)


def answers(
    questions: Sequence[Question],
    translator: Translator,
    search: Search = DEFAULT_SEARCH,
    *,
    proposers: Sequence[str] = (),
    grammar: bool = True,
    time_limit: float = 10.0,
    workers: int = 1,
    progress: bool = False,
) -> list[list[Candidate]]:
    """Judged answers to questions: the model's in the model's order, then what each proposer added.

    Args:
        questions: what is asked, with the problems in the spelling that the model was trained on.
        search: the settings of the model's search.
        proposers: names of `proposers.OWN`, in the order in which they are asked for what is still unsolved.
        grammar: the model can write only well-formed expressions.
        time_limit: seconds that the judge may take for an answer, and a proposer for a problem. Proposals that time out
            or crash are dropped; their number is printed.
        workers: processes that judge and propose.
        progress: show progress bars.

    Returns:
        A list for each question; without proposers it is empty if the problem is longer than the model reads.

    Raises:
        ValueError: there is no such proposer.
    """
    inquiries = [Inquiry(question) for question in questions]
    options = {"grammar": grammar, "time_limit": time_limit, "workers": workers, "progress": progress}
    for _ in run(inquiries, translator, fixed(search, proposers), **options):
        pass
    return [inquiry.candidates for inquiry in inquiries]
