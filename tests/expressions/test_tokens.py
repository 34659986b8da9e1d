from symbolic.expressions.tokens import ARITY, DIGITS, NEGATIVE, POSITIVE, TOKENS, spellings


def test_the_table_holds_every_token_of_the_published_data_sets():
    published = (
        "INT+ INT- 0 1 2 3 4 5 6 7 8 9 x y z t pi E I a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 Y Y' Y''"
        " add sub mul div pow rac inv pow2 pow3 pow4 pow5 sqrt exp ln abs sign"
        " sin cos tan cot sec csc asin acos atan acot asec acsc"
        " sinh cosh tanh coth sech csch asinh acosh atanh acoth asech acsch derivative f g h"
    ).split()
    assert len(published) == len(set(published))
    assert set(TOKENS) == set(published)


def test_kinds_and_arities():
    assert {kind: len(spellings(kind)) for kind in ("digit", "variable", "constant", "coefficient", "unknown")} == {
        "digit": 10,
        "variable": 4,
        "constant": 3,
        "coefficient": 10,
        "unknown": 3,
    }
    assert spellings("operator", 2) == ["add", "sub", "mul", "div", "pow", "rac"]
    assert {arity for arity in ARITY.values()} == {0, 1, 2, 3}
    assert all(ARITY[t] == 0 for t in [POSITIVE, NEGATIVE, *DIGITS])


def test_spellings_are_single_words():
    assert all(spelling == token.spelling and spelling.split() == [spelling] for spelling, token in TOKENS.items())
