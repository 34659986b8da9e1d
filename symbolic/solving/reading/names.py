"""The names that people use: of functions in several languages, of Greek letters, and of what is not known here."""

from symbolic.expressions.tokens import spellings

_ABSTRACT = ("f", "g", "h", "derivative")

# Functions of one argument, under their tokens.
_TOKENS = [name for name in spellings("function", 1) if name not in _ABSTRACT] + ["sqrt"]
_INVERSES = [name for name in _TOKENS if name[0] == "a" and name[1:] in _TOKENS]

FUNCTIONS = {name: name for name in _TOKENS}
FUNCTIONS |= {f"arc{name[1:]}": name for name in _INVERSES}
FUNCTIONS |= {f"ar{name[1:]}": name for name in _INVERSES if name.endswith("h")}
FUNCTIONS |= {"log": "ln", "sgn": "sign", "signum": "sign", "absolute": "abs", "fabs": "abs"}
# As they are called in French, German, Russian and other languages.
_ABROAD = {
    "sin": "sen",
    "tan": "tg tang",
    "cot": "cotg ctg cotan ctan",
    "csc": "cosec",
    "sinh": "sh",
    "cosh": "ch",
    "tanh": "th tgh",
    "coth": "cth ctgh cotgh",
    "csch": "cosech",
    "asin": "arsin",
    "acos": "arcos",
    "atan": "arctg artg atg",
    "acot": "arcctg arccotg arcctan arccotan",
    "asinh": "arsh argsh argsinh",
    "acosh": "arch argch argcosh",
    "atanh": "arth argth argtanh artgh",
    "acoth": "arcth argcoth",
    "acsc": "arccosec",
}
FUNCTIONS |= {name: token for token, names in _ABROAD.items() for name in names.split()}

# What is written in terms of others: name -> text with {} for the argument.
WRITTEN_OUT = {
    "cbrt": "(({})^(1/3))",
    "log10": "(ln({})/ln(10))",
    "log2": "(ln({})/ln(2))",
    "lg": "(ln({})/ln(10))",
    "lb": "(ln({})/ln(2))",
    "log1p": "ln(1+({}))",
    "expm1": "(exp({})-1)",
    "square": "(({})^2)",
}

# Functions of two arguments: name -> token.
BINARY = {"pow": "pow", "power": "pow", "Pow": "pow", "Rational": "div", "rac": "rac"}
BINARY |= dict.fromkeys(("root", "nthroot", "surd", "real_root"), "rac")

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi"
    " psi omega"
)
_LETTERS = "α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ τ υ φ χ ψ ω"
GREEK = dict(zip(_GREEK.split(), _LETTERS.split(), strict=True))
GREEK |= {name.capitalize(): letter.upper() for name, letter in GREEK.items()}
GREEK |= {f"var{name}": letter for name, letter in GREEK.items()}
GREEK["Pi"] = "π"  # Mathematica's

# What is asked for and not known here: name -> what it is called.
FOREIGN = {
    "erf": "erf, the error function,",
    "erfc": "erfc, the error function,",
    "erfi": "erfi, the imaginary error function,",
    "gamma": "gamma, the gamma function,",
    "Gamma": "gamma, the gamma function,",
    "beta": "beta, the beta function,",
    "zeta": "zeta, the zeta function,",
    "factorial": "the factorial",
    "Si": "Si, the sine integral,",
    "Ci": "Ci, the cosine integral,",
    "Ei": "Ei, the exponential integral,",
    "li": "li, the logarithmic integral,",
    "floor": "floor",
    "ceil": "ceil",
    "ceiling": "ceiling",
    "round": "round",
    "frac": "frac, the fractional part,",
    "trunc": "trunc",
    "mod": "mod, the remainder,",
    "max": "max",
    "min": "min",
    "gcd": "gcd",
    "lcm": "lcm",
    "binomial": "binomial",
    "Heaviside": "Heaviside, the step function,",
    "heaviside": "Heaviside, the step function,",
    "DiracDelta": "the delta function",
    "LambertW": "LambertW",
    "lambertw": "LambertW",
    "besselj": "besselj, a Bessel function,",
    "bessely": "bessely, a Bessel function,",
    "BesselJ": "BesselJ, a Bessel function,",
    "polylog": "polylog",
    "dilog": "dilog",
    "atan2": "atan2, of two arguments,",
    "arctan2": "arctan2, of two arguments,",
    "hypot": "hypot, of two arguments,",
    "re": "re, the real part,",
    "im": "im, the imaginary part,",
    "conjugate": "conjugate",
    "det": "det",
    "Piecewise": "Piecewise, a function in pieces,",
    "sum": "a sum over an index",
    "prod": "a product over an index",
    "lim": "a limit",
    "limit": "a limit",
}
# The same for signs of LaTeX and for words between expressions.
OUT_OF_SCOPE = {
    "sum": "a sum over an index",
    "prod": "a product over an index",
    "lim": "a limit",
    "partial": "a partial derivative; equations are ordinary, in one variable",
    "iint": "a double integral; integrals are in one variable",
    "iiint": "a triple integral; integrals are in one variable",
    "oint": "an integral around a closed curve",
    "pm": "the sign ±; write two problems",
    "mp": "the sign ∓; write two problems",
    "vec": "a vector",
    "nabla": "a gradient; problems are in one variable",
    "lfloor": "floor, which is not among the functions known here",
    "lceil": "ceiling, which is not among the functions known here",
    "binom": "binomial, which is not among the functions known here",
    "cases": "a function in pieces",
    "begin": "an environment of LaTeX",
}
