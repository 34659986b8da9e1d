"""Commands that prepare a trained model for others: export, release."""

from pathlib import Path

from symbolic.commands import AddCommand, check_at_least_1
from symbolic.runtime.startup import import_keras


def add(command: AddCommand) -> None:
    """Add these commands to the command line."""
    sub = command("export", _export, "Write a trained model as a TensorFlow SavedModel, text to text.")
    sub.add_argument("run", metavar="RUN", help="folder of a finished trial")
    sub.add_argument("out", metavar="DIR", help="new folder to write")
    sub.add_argument(
        "--beam", type=int, default=1, metavar="N", help="answers to each input; with 1 the search is greedy"
    )

    sub = command(
        "release", _release, "Write a finished trial's model at half its size, with a card that describes it."
    )
    sub.add_argument("run", metavar="RUN", help="folder of a finished trial")
    sub.add_argument("out", metavar="DIR", help="folder to write")
    sub.add_argument("--results", metavar="DIR", help="folder of `evaluate`; the card shows its figures")
    sub.add_argument("--note", default="", metavar="TEXT", help="a remark on the training for the card")


def _export(args) -> int:
    check_at_least_1("--beam", args.beam)
    import_keras()
    from symbolic.seq2seq.export import export
    from symbolic.seq2seq.searches import Beam, Greedy
    from symbolic.seq2seq.translator import Translator
    from symbolic.solving.rounds import grammar_of

    search = Greedy() if args.beam == 1 else Beam(args.beam)
    translator = Translator.load(args.run)
    export(translator, args.out, search, grammar_of(translator.target_processor))
    size = sum(file.stat().st_size for file in Path(args.out).rglob("*") if file.is_file())
    print(f"{args.out}: {size / 1e6:.1f} MB, up to {search.returned} answers to a text")
    return 0


def _release(args) -> int:
    import_keras()
    from symbolic.training.release import release

    print(release(args.run, args.out, args.results, args.note))
    return 0
