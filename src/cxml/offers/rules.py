"""Rules: plain expressions over the columns of customers and of entries, read by a closed grammar.

``age >= 19 and category != 'loan'`` is parsed by Python's own `ast` and evaluated with numpy for all customers x all
entries at once. Nothing is executed: names, literals, comparisons, and/or/not and arithmetic are all there is.

Logic has three values, as in SQL (Kleene): a comparison with a missing value is unknown, and a rule is fulfilled only
where it is certainly true. So ``not plan == 'gold'`` and ``plan != 'gold'`` say the same of a missing plan: no.
"""

from __future__ import annotations

import ast
import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import numpy as np

from cxml.errors import ConfigError, nearest
from cxml.offers.sides import Dates, Numbers, Side, Term, Texts, as_dates, as_numbers, constant

_GRAMMAR = (
    "A rule is made of columns, numbers, texts in quotes, comparisons (also 'in', 'not in', 'is missing', "
    "19 <= age < 65), and / or / not, and + - * /."
)
#: Characters of an expression that an error shows.
_LONG = 200
_QUOTED = re.compile(r"""('[^']*'|"[^"]*")|`([^`]+)`""")


@dataclass(frozen=True)
class Truth:
    """What is certainly so, and what is certainly not; elsewhere a missing value leaves it unknown."""

    yes: np.ndarray
    no: np.ndarray


class Expression:
    """One expression, parsed and checked once, evaluated on any customers and entries.

    Parameters
    ----------
    text : str
        The expression. A bare name is a column of customers or of entries; ``customer.x`` and ``offer.x`` say which
        where both have it; a name with blanks stands in backticks; ``now`` is the moment of the decision.
    what : str
        The subject of errors, such as ``The rule 'adults only'``.

    Raises
    ------
    ConfigError
        If the text is no expression, or holds anything outside the grammar.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = Side(pd.DataFrame({"age": [15, 40, None]}), 0)
    >>> entries = Side(pd.DataFrame({"category": ["loan", "data"]}), 1)
    >>> Expression("age >= 19 or category == 'data'").fulfilled(customers, entries).tolist()
    [[False, True], [True, True], [False, True]]
    >>> Expression("agee >= 19").fulfilled(customers, entries)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: The rule must name columns of the customers or of the offers - got 'agee' in \
"agee >= 19". Did you mean 'age'? There are: 'age', 'category'.
    """

    def __init__(self, text: str, what: str = "The rule") -> None:
        self.text, self.what = text, what
        self._names: dict[str, str] = {}
        if not isinstance(text, str) or not text.strip():
            raise ConfigError(f"{what} must be an expression in text - got {text!r}. {_GRAMMAR}")
        try:
            self._tree = ast.parse(_QUOTED.sub(self._backticked, text.strip()), mode="eval").body
            self._check(self._tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, ConfigError):
                raise
            reason = getattr(error, "msg", type(error).__name__)
            raise ConfigError(f"{what} must be an expression - got {text[:_LONG]!r} ({reason}). {_GRAMMAR}") from None

    def _backticked(self, found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        self._names[f"_column_{len(self._names)}"] = found[2]
        return f"_column_{len(self._names) - 1}"

    def _check(self, node: ast.AST) -> None:
        """Refuse, before any data is there, whatever is not in the grammar."""
        if isinstance(node, ast.Constant):
            self._check_constant(node)
            return
        if isinstance(node, ast.Attribute):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("customer", "offer")):
                raise self._refusal(node, "a dot after something else than `customer` or `offer`")
            return
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
            raise self._refusal(node, "`&` or `|`", "Write `and` or `or`. ")
        if not isinstance(node, _NODES):
            raise self._refusal(node, _KINDS.get(type(node).__name__, type(node).__name__.lower()))
        for inner in ast.iter_child_nodes(node):
            self._check(inner)

    def _check_constant(self, node: ast.Constant) -> None:
        value = node.value
        if not isinstance(value, str | int | float) and value is not None:
            raise self._refusal(node, f"a {type(value).__name__}")
        if isinstance(value, str) and not value.strip():
            raise self._refusal(node, "an empty text", "Empty texts are missing values: write `is missing`. ")
        if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
            raise ConfigError(f"{self.what} must hold finite numbers - got one beyond them in {self._shown}.")

    def _refusal(self, node: ast.AST, got: str, advice: str = "") -> ConfigError:
        part = f" `{ast.unparse(node)}`" if isinstance(node, ast.expr) else ""
        return ConfigError(
            f"{self.what} must keep to the grammar - got {got}{part} in {self._shown}. {advice}{_GRAMMAR}"
        )

    @property
    def _shown(self) -> str:
        return f'"{self.text}"' if len(self.text) <= _LONG else f'"{self.text[:_LONG]}..."'

    def columns(self, customers: Side, entries: Side) -> list[tuple[str, str]]:
        """Name the columns in use.

        Returns
        -------
        list of (``customer`` or ``offer``, name)

        Raises
        ------
        ConfigError
            If a column does not exist, or both sides have it and the rule does not say which it means.
        """
        sides = {"customer": customers, "offer": entries}
        found = []
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.append(self._side(node.value.id, self._names.get(node.attr, node.attr), sides))
            elif isinstance(node, ast.Name) and node.id not in ("customer", "offer", "missing"):
                found.append(self._side(None, self._names.get(node.id, node.id), sides))
            elif isinstance(node, ast.Name) and node.id == "offer" and not self._is_prefix(node):
                found.append(self._side(None, node.id, sides))
        return [one for one in found if one[0]]

    def _is_prefix(self, name: ast.Name) -> bool:
        return any(isinstance(node, ast.Attribute) and node.value is name for node in ast.walk(self._tree))

    def _side(self, side: str | None, name: str, sides: dict[str, Side]) -> tuple[str, str]:
        among = [one for one in sides if side in (None, one)]
        having = [(one, name) for one in among if name in sides[one]]
        having = having or [(one, written) for one in among if (written := _written(sides[one], name)) is not None]
        if len(having) == 1:
            return having[0]
        if having:
            raise ConfigError(
                f"{self.what} must say whose {name!r} it means - both customers and offers have one, in {self._shown}. "
                f"Write customer.{name} or offer.{name}."
            )
        if name == "now" and side is None:
            return "", name
        known = [one for key in sides for one in sides[key].names() if side in (None, key)]
        whose = {"customer": "the customers", "offer": "the offers"}.get(side or "", "the customers or of the offers")
        shown = ", ".join(map(repr, dict.fromkeys(known)))
        raise ConfigError(
            f"{self.what} must name columns of {whose} - got {name!r} in {self._shown}.{nearest(name, known)} "
            f"There are: {shown}."
        )

    def fulfilled(self, customers: Side, entries: Side, now: float = np.nan) -> np.ndarray:
        """Tell where the expression is certainly true.

        Parameters
        ----------
        customers, entries : Side
        now : float, days since 1970-01-01
            What the name ``now`` stands for.

        Returns
        -------
        array of bool, broadcastable to (n_customers, n_entries)

        Raises
        ------
        ConfigError
            If a column does not exist, or kinds that do not go together are compared.
        """
        return self._truth(self._tree, _Scope(customers, entries, now)).yes

    def amount(self, customers: Side, entries: Side, now: float = np.nan) -> np.ndarray:
        """Evaluate the expression as a number; NaN where a value is missing.

        Parameters
        ----------
        customers, entries : Side
        now : float, days since 1970-01-01

        Returns
        -------
        array of float, broadcastable to (n_customers, n_entries)
        """
        return self._numbers(self._tree, _Scope(customers, entries, now)).data

    def _truth(self, node: ast.AST, scope: _Scope) -> Truth:
        if isinstance(node, ast.BoolOp):
            parts = [self._truth(one, scope) for one in node.values]
            return _both(parts) if isinstance(node.op, ast.And) else _either(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._truth(node.operand, scope)
            return Truth(inner.no, inner.yes)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = zip(sides, node.ops, sides[1:], strict=False)
            return _both([self._comparison(left, op, right, scope) for left, op, right in pairs])
        flags = self._term(node, scope)
        if isinstance(flags, Texts) and not flags.levels:
            flags = Numbers(np.full(flags.codes.shape, np.nan))
        if not isinstance(flags, Numbers):
            raise ConfigError(
                f"{self.what} must be true or false - got `{ast.unparse(node)}`, which is {_kind(flags)}, "
                f"in {self._shown}. Compare it with a value, such as == 'Y'."
            )
        known = ~np.isnan(flags.data)
        return Truth(known & (flags.data != 0), known & (flags.data == 0))

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr, scope: _Scope) -> Truth:
        if isinstance(op, ast.Is | ast.IsNot):
            if not _means_missing(right):
                raise self._refusal(right, "`is` with", "Only `is missing` and `is not missing` exist; else write ==. ")
            missing = _missing(self._term(left, scope))
            return Truth(missing, ~missing) if isinstance(op, ast.Is) else Truth(~missing, missing)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise self._refusal(right, "`in` with", "List the values: in ('a', 'b'). ")
            term = self._term(left, scope)
            if not right.elts:
                raise self._refusal(right, "an empty list", "List the values: in ('a', 'b'). ")
            inside = _either([self._compare(term, ast.Eq(), self._term(one, scope), left) for one in right.elts])
            return inside if isinstance(op, ast.In) else Truth(inside.no, inside.yes)
        return self._compare(self._term(left, scope), op, self._term(right, scope), left)

    def _compare(self, left: Term, op: ast.cmpop, right: Term, node: ast.AST) -> Truth:
        if isinstance(left, Texts) and isinstance(right, Texts) and isinstance(op, ast.Eq | ast.NotEq):
            equal, known = _equal_texts(left, right)
            yes, no = known & equal, known & ~equal
            return Truth(yes, no) if isinstance(op, ast.Eq) else Truth(no, yes)
        found = _alike(left, right)
        if found is None:
            raise ConfigError(
                f"{self.what} must compare like with like - got {_kind(left)} and {_kind(right)} "
                f"at `{ast.unparse(node)}` in {self._shown}. "
                "Texts stand in quotes and know only == and !=, dates are written '2026-03-01'."
            )
        a, b = found
        known = ~(np.isnan(a) | np.isnan(b))
        holds = _COMPARISONS[type(op)](a, b)
        return Truth(known & holds, known & ~holds)

    def _term(self, node: ast.AST, scope: _Scope) -> Term:
        if isinstance(node, ast.Constant):
            return constant(node.value)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return scope.term(*self._side(node.value.id, self._names.get(node.attr, node.attr), scope.sides))
        if isinstance(node, ast.Name):
            return scope.term(*self._side(None, self._names.get(node.id, node.id), scope.sides))
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node, scope)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return Numbers(-self._numbers(node.operand, scope).data)
        raise self._refusal(node, "a comparison or a list where a value belongs:")

    def _arithmetic(self, node: ast.BinOp, scope: _Scope) -> Term:
        left, right = self._term(node.left, scope), self._term(node.right, scope)
        minus = isinstance(node.op, ast.Sub)
        if minus and isinstance(left, Dates) and (days := as_dates(right)) is not None:
            return Numbers(left.data - days.data)
        if minus and isinstance(right, Dates) and (days := as_dates(left)) is not None:
            return Numbers(days.data - right.data)
        if isinstance(left, Dates) and isinstance(right, Numbers) and isinstance(node.op, ast.Add | ast.Sub):
            return Dates(_ARITHMETIC[type(node.op)](left.data, right.data))
        a, b = self._as_numbers(left, node.left), self._as_numbers(right, node.right)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            result = _ARITHMETIC[type(node.op)](a.data, b.data)
        return Numbers(np.where(np.isfinite(result), result, np.nan))

    def _numbers(self, node: ast.AST, scope: _Scope) -> Numbers:
        return self._as_numbers(self._term(node, scope), node)

    def _as_numbers(self, term: Term, node: ast.AST) -> Numbers:
        found = as_numbers(term)
        if found is None:
            raise ConfigError(
                f"{self.what} must calculate with numbers - got {_kind(term)} at `{ast.unparse(node)}` "
                f"in {self._shown}. Correct the column, or leave it out of the rule."
            )
        return found


class _Scope:
    def __init__(self, customers: Side, entries: Side, now: float) -> None:
        self.sides = {"customer": customers, "offer": entries}
        self._now = Dates(np.array([[now]]))

    def term(self, side: str, name: str) -> Term:
        return self.sides[side].term(name) if side else self._now


_NODES = (
    *(ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.BinOp, ast.Name, ast.Load),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.List, ast.Tuple, ast.Set),
)
_KINDS = {"Call": "a call", "Subscript": "a subscript", "Lambda": "a lambda", "IfExp": "an if", "Pow": "a power"}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _written(side: Side, name: str) -> str | None:
    """The column that a name means, as the side writes it; None where it has none.

    Python reads names in one form of Unicode (NFKC), columns may hold another: Korean from a Mac is decomposed.
    """
    plain = normalize("NFKC", name)
    return next((one for one in side.names() if normalize("NFKC", one) == plain), None)


def _means_missing(node: ast.expr) -> bool:
    named = isinstance(node, ast.Name) and node.id == "missing"
    return named or (isinstance(node, ast.Constant) and node.value is None)


def _missing(term: Term) -> np.ndarray:
    found: np.ndarray = term.codes < 0 if isinstance(term, Texts) else np.isnan(term.data)
    return found


def _kind(term: Term) -> str:
    if isinstance(term, Texts):
        return f"text (such as {term.levels[0]!r})" if term.levels else "nothing but missing values"
    return "a number" if isinstance(term, Numbers) else "a date"


def _equal_texts(left: Texts, right: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Where two texts are equal, and where both are known."""
    place = {level: number for number, level in enumerate(left.levels)}
    codes = np.array([*(place.get(level, -2) for level in right.levels), -1])[right.codes]
    return left.codes == codes, (left.codes >= 0) & (right.codes >= 0)


def _alike(left: Term, right: Term) -> tuple[np.ndarray, np.ndarray] | None:
    """Both as dates where one is a date or both are texts, else both as numbers; None where that cannot be."""
    if isinstance(left, Dates) or isinstance(right, Dates) or (isinstance(left, Texts) and isinstance(right, Texts)):
        dates = as_dates(left), as_dates(right)
        return (dates[0].data, dates[1].data) if dates[0] is not None and dates[1] is not None else None
    numbers = as_numbers(left), as_numbers(right)
    return (numbers[0].data, numbers[1].data) if numbers[0] is not None and numbers[1] is not None else None


def _both(parts: list[Truth]) -> Truth:
    yes, no = parts[0].yes, parts[0].no
    for one in parts[1:]:
        yes, no = yes & one.yes, no | one.no
    return Truth(yes, no)


def _either(parts: list[Truth]) -> Truth:
    yes, no = parts[0].yes, parts[0].no
    for one in parts[1:]:
        yes, no = yes | one.yes, no & one.no
    return Truth(yes, no)
