# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The conditions of Argo Rollouts' metrics: the part of the language expr-lang that they are written in.

Known are numbers, strings, ``true``, ``false``, ``nil``, lists, ``result``, indexing, calls of the controller's helpers and of
``len``, arithmetic, comparison, ``in``, ``not``, ``and``, ``or`` (also ``!``, ``&&``, ``||``) and the choice ``a ? b : c``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Code = Callable[[Any], Any]
"""A compiled expression: takes the measured ``result``, gives the expression's value, raises `Invalid`."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<text>"[^"]*"|'[^']*')"""
    r"""|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!()\[\],?:]))"""
)
_WORDS = {"and": "&&", "or": "||", "not": "!", "in": "in"}
# How tightly each operator binds what stands to its left and right.
_BINDING = {"?": 1, "||": 2, "&&": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "+": 5, "-": 5}
_BINDING |= {"*": 6, "/": 6, "%": 6, "[": 9}
_PREFIX = 7


class Invalid(Exception):
    """An expression that cannot be compiled, or that has no value for this result."""


def compiled(source: str) -> Code:
    """Compile an expression.

    Raises:
        Invalid: it is no expression, or it uses an unknown name.
    """
    parser = _Parser(source)
    code = parser.expression(0)
    parser.end()
    return code


def kind(value: object) -> str:
    """Return what Go calls the type of a value."""
    names: Mapping[type, str] = {bool: "bool", int: "int", float: "float64", str: "string", type(None): "nil"}
    return names.get(type(value), "[]float64" if isinstance(value, list) else type(value).__name__)


class _Parser:
    """Top-down operator precedence."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = _tokens(source)
        self._at = 0

    def expression(self, binding: int) -> Code:
        left = self._prefix()
        while (sign := self._sign()) in _BINDING and _BINDING[sign] > binding:
            self._at += 1
            left = self._infix(sign, left)
        return left

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise Invalid(f"unexpected token {self._tokens[self._at][1]!r} in {self._source!r}")

    def _prefix(self) -> Code:
        if self._at >= len(self._tokens):
            raise Invalid(f"unexpected end of {self._source!r}")
        group, text = self._tokens[self._at]
        self._at += 1
        if group == "number":
            return _constant(int(text) if text.isdigit() else float(text))
        if group == "text":
            return _constant(text[1:-1])
        if group == "name":
            return self._name(text)
        if text == "(":
            inner = self.expression(0)
            self._expect(")")
            return inner
        if text == "[":
            parts = self._list("]")
            return lambda result: [part(result) for part in parts]
        if text in _UNARY:
            return _unary(_UNARY[text], self.expression(_PREFIX))
        raise Invalid(f"unexpected token {text!r} in {self._source!r}")

    def _name(self, name: str) -> Code:
        if name in _CONSTANTS:
            return _constant(_CONSTANTS[name])
        if self._sign() == "(":
            if name not in _FUNCTIONS:
                raise Invalid(f"unknown name {name}")
            self._at += 1
            return _call(name, self._list(")"))
        if name != "result":
            raise Invalid(f"unknown name {name}")
        return lambda result: result

    def _infix(self, sign: str, left: Code) -> Code:
        if sign == "[":
            index = self.expression(0)
            self._expect("]")
            return lambda result: _item(left(result), index(result))
        if sign == "?":
            yes = self.expression(0)
            self._expect(":")
            no = self.expression(0)
            return lambda result: yes(result) if _truth(left(result)) else no(result)
        right = self.expression(_BINDING[sign])
        if sign == "&&":
            return lambda result: _truth(left(result)) and _truth(right(result))
        if sign == "||":
            return lambda result: _truth(left(result)) or _truth(right(result))
        operation = _BINARY[sign]
        return lambda result: operation(left(result), right(result))

    def _list(self, closing: str) -> list[Code]:
        parts: list[Code] = []
        while self._sign() != closing:
            parts.append(self.expression(0))
            if self._sign() == ",":
                self._at += 1
        self._at += 1
        return parts

    def _sign(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        group, text = self._tokens[self._at]
        return text if group == "sign" else ""

    def _expect(self, sign: str) -> None:
        if self._sign() != sign:
            raise Invalid(f"{sign!r} is missing in {self._source!r}")
        self._at += 1


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, at, end = [], 0, len(source.rstrip())
    while at < end:
        found = _TOKEN.match(source, at)
        if not found:
            raise Invalid(f"unrecognized character in {source!r} at {at}")
        group, text = str(found.lastgroup), str(found[found.lastgroup or 0])
        tokens.append(("sign", _WORDS[text]) if text in _WORDS and group == "name" else (group, text))
        at = found.end()
    return tokens


def _constant(value: object) -> Code:
    return lambda _: value


def _unary(operation: Callable[[Any], Any], operand: Code) -> Code:
    return lambda result: operation(operand(result))


def _call(name: str, arguments: list[Code]) -> Code:
    function = _FUNCTIONS[name]

    def call(result: Any) -> Any:
        try:
            return function(*[argument(result) for argument in arguments])
        except TypeError as error:
            raise Invalid(f"invalid arguments for {name}: {error}") from error

    return call


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"invalid operation: a condition of type {kind(value)}")
    return value


def _item(sequence: object, index: object) -> object:
    if sequence is None:
        raise Invalid("cannot fetch an item from nil")
    if not isinstance(sequence, list) or not isinstance(index, int):
        raise Invalid(f"type {kind(sequence)} cannot be indexed with {kind(index)}")
    try:
        return sequence[index]
    except IndexError:
        raise Invalid(f"index out of range: {index} (array length is {len(sequence)})") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"invalid operation on {kind(value)}, which is no number")
    return value


def _numeric(operation: Callable[[float, float], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: operation(_number(left), _number(right))


def _within(left: object, right: object) -> bool:
    if not isinstance(right, list):
        raise Invalid(f'operator "in" not defined on {kind(right)}')
    return left in right


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _length(value: object) -> int:
    if not isinstance(value, list | str):
        raise Invalid(f"invalid argument for len (type {kind(value)})")
    return len(value)


def _converted(to: type[int] | type[float]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            return to(value)
        except (ValueError, OverflowError) as error:
            raise Invalid(str(error)) from error

    return convert


_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "nil": None}
_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "!": lambda value: not _truth(value),
    "-": lambda value: -_number(value),
    "+": _number,
}
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "in": _within,
    "<": _numeric(lambda left, right: left < right),
    "<=": _numeric(lambda left, right: left <= right),
    ">": _numeric(lambda left, right: left > right),
    ">=": _numeric(lambda left, right: left >= right),
    "+": _numeric(lambda left, right: left + right),
    "-": _numeric(lambda left, right: left - right),
    "*": _numeric(lambda left, right: left * right),
    "/": _numeric(_divided),
    "%": _numeric(math.fmod),
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": _length,
    "asInt": _converted(int),
    "asFloat": _converted(float),
    "isNaN": lambda value: math.isnan(_number(value)),
    "isInf": lambda value: math.isinf(_number(value)),
    "isNil": lambda value: value is None,
    "default": lambda value, other: other if value is None else value,
}
