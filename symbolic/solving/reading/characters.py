"""Any character that people type to the few that the reader knows: Unicode's compatibility forms, and a small table.

`unicodedata` knows what fullwidth letters, mathematical alphabets, superscripts and fractions stand for (NFKC). The
table has what Unicode does not equate: dashes, primes, bars, invisible signs.
"""

import functools
import unicodedata

from symbolic.expressions.infix import MAX_CHARACTERS, InfixError

_SAME = {
    **dict.fromkeys("×·⋅∙∗•⁢✕✖", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("−–—―‐‑‒﹣➖", "-"),
    **dict.fromkeys("⁤➕", "+"),
    **dict.fromkeys("∣｜❘ǀ∥", "|"),
    **dict.fromkeys("′’‘´ʹʼ＇‵ˊ`", "'"),
    **dict.fromkeys('″”“ʺ"', "''"),
    **dict.fromkeys("​‌‍⁠⁡⁣﻿­‎‏️", ""),
    **dict.fromkeys("⟨", "("),
    **dict.fromkeys("⟩", ")"),
    "‴": "'''",
    "⁗": "''''",
    "ⅇ": "e",
    "ⅆ": "d",
    "ⅈ": "i",
    "∫": "\\int ",
    "∬": "\\iint ",
    "∭": "\\iiint ",
    "∮": "\\oint ",
    "∑": "\\sum ",
    "∏": "\\prod ",
    "∂": "\\partial ",
    "∞": "\\infty ",
    "√": "√",
    "∛": "cbrt ",
    "∜": "\\sqrt[4]",
    "≡": "=",
    "≔": "=",
    "¬": "¬",
}
_DOTS = {"\u0307": "\\dot", "\u0308": "\\ddot"}


def plain(text: str) -> tuple[str, list[int]]:
    """The text in plain characters, and for each of its characters the place in `text` that it comes from.

    x² becomes x^(2), x₀ becomes x_{0}, ½ becomes (1/2) and ẋ becomes \\dot{x}.

    Raises:
        InfixError: the text is too long, or holds a mixed number such as 1½.
    """
    if len(text) > MAX_CHARACTERS:
        raise InfixError(f"a text has at most {MAX_CHARACTERS} characters, received {len(text)}", MAX_CHARACTERS)
    pieces: list[tuple[str, int]] = []
    raised = ""  # what the run of small characters is that is open: "<super>", "<sub>" or nothing
    for place, character in enumerate(text):
        form, small = _plain(character)
        if small != raised:
            if raised:
                pieces.append((")" if raised == "<super>" else "}", place))
            if small:
                pieces.append(("^(" if small == "<super>" else "_{", place))
            raised = small
        if form.startswith("(") and "/" in form and place and text[place - 1].isdecimal():
            raise InfixError("a mixed number may mean a product: write it as one fraction", place, text)
        if character in _DOTS and pieces:
            before, start = pieces.pop()
            form, place = f"{_DOTS[character]}{{{before}}}", start
        pieces.append((form, place))
    if raised:
        pieces.append((")" if raised == "<super>" else "}", len(text)))
    return "".join(piece for piece, _ in pieces), [place for piece, place in pieces for _ in piece]


@functools.cache
def _plain(character: str) -> tuple[str, str]:
    """A character in plain ones, and "<super>" or "<sub>" where it is a small one."""
    if character in _SAME:
        return _SAME[character], ""
    if character.isascii() or character in _DOTS:
        return " " if character.isspace() else character, ""
    decomposition = unicodedata.decomposition(character)
    kind = decomposition.partition(" ")[0]
    form = "".join(_SAME.get(each, each) for each in unicodedata.normalize("NFKC", character))
    if kind in ("<super>", "<sub>") and form.strip():
        return form, kind
    if kind == "<fraction>":
        return f"({form})", ""
    apart = unicodedata.normalize("NFD", character)
    if len(apart) == 2 and apart[1] in _DOTS:
        return f"{_DOTS[apart[1]]}{{{apart[0]}}}", ""
    return " " if form.isspace() else form, ""
