"""The command that hands a trained model to other programs: export."""

from pathlib import Path

from symbolic.commands import AddCommand


def add(command: AddCommand) -> None:
    """Tell the command line this command."""
    sub = command("export", _export, "Write a trained model as a TensorFlow SavedModel, text to text.")
    sub.add_argument("run", metavar="RUN", help="folder of a finished trial")
    sub.add_argument("out", metavar="DIR", help="new folder to write")
    sub.add_argument("--beam", type=int, default=1, metavar="N", help="answers to each input; 1 is greedy search")


def _export(args) -> int:
    from symbolic.answers import grammar_of
    from symbolic.seq2seq.decoding import Beam, Greedy
    from symbolic.seq2seq.export import export
    from symbolic.seq2seq.translator import Translator

    how = Greedy() if args.beam == 1 else Beam(args.beam)
    translator = Translator.load(args.run)
    export(translator, args.out, how, grammar_of(translator.target_processor))
    size = sum(file.stat().st_size for file in Path(args.out).rglob("*") if file.is_file())
    print(f"{args.out}: {size / 1e6:.1f} MB, up to {how.kept} answers to a text")
    return 0
