"""Cluster query expressions: text to tree (§3.3; ECS document, section 4.1)::

    expression := conjunction { ("or" | "||") conjunction }
    conjunction := unary { ("and" | "&&") unary }
    unary := ("not" | "!") unary | "(" expression ")" | subject operator [ argument ]
    argument := value | "[" value { "," value } "]"

A value is a bare word or quoted with ``'`` or ``"``, where the quote itself is written twice; a backslash is an
ordinary character. A bare regular expression may also hold brackets; it ends at white space, at a ``)`` that it did not
open, or at ``&&`` or ``||`` outside its brackets.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

from solver.errors import InvalidQuery
from solver.query import regex
from solver.query.order import instant, integer
from solver.query.syntax import (
    OPERATORS,
    RESERVED_WORDS,
    SPECIAL_CHARACTERS,
    SPELLINGS,
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Subject,
    SubjectKind,
    is_word_character,
)

MAX_LENGTH = 2_000
"""Characters of an expression (§3.3), as in ECS."""

MAX_NESTING = 100
"""Parentheses and ``not``s around a comparison. Ours; a real expression has a handful."""

MOST_REMEMBERED = 1_024
"""Trees: a request is bound many times, such as once for each loss that a plan must survive."""

_WORDED_SUBJECTS = {kind.value: kind for kind in SubjectKind if kind is not SubjectKind.ATTRIBUTE}
_SUBJECTS = "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, runningTasksCount or task:group"
_QUOTE = "quote a value with a space or any of ()[],'\"<>=!&|"
_NAME_PUNCTUATION = frozenset("-_/\\.")
_SYMBOLS = sorted((s for s in SPELLINGS if not s[0].isalpha()), key=len, reverse=True)


@lru_cache(maxsize=MOST_REMEMBERED)
def parse(text: str) -> Expression:
    """The tree of an expression; of one that was read before, the same.

    Raises
    ------
    InvalidQuery
        With the 1-based column, what is wrong there and what would be right.
    """
    if len(text) > MAX_LENGTH:
        remedy = f"write at most {MAX_LENGTH:,}"
        raise InvalidQuery(text, MAX_LENGTH + 1, f"the expression has {len(text):,} characters", remedy)
    for at, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise InvalidQuery(text, at + 1, "half of a surrogate pair is no character", "write valid Unicode")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent over the text; ``at`` is the 0-based place of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.nesting = 0

    def whole(self) -> Expression:
        """The expression, which must end where the text ends."""
        expression = self._expression()
        if self._skip_space():
            self._fail_after("'and' or 'or'")
        return expression

    # Joining.

    def _expression(self) -> Expression:
        parts = [self._conjunction()]
        while self._take("||", "or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Expression:
        parts = [self._unary()]
        while self._take("&&", "and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _unary(self) -> Expression:
        self._skip_space()
        negations, start = 0, self.at
        while self._take("!", "not"):
            negations += 1
            self._nest(start)
            start = self.at
        if self._starts("("):
            self._nest(start)
            inner = self._parenthesised()
            self.nesting -= 1
        else:
            inner = self._comparison()
        self.nesting -= negations
        for _ in range(negations):
            inner = Not(inner)
        return inner

    def _parenthesised(self) -> Expression:
        opened = self.at + 1
        self.at += 1
        inner = self._expression()
        if not self._skip_space():
            self._fail(f"the '(' of column {opened} is never closed", "write ')'")
        if not self._starts(")"):
            self._fail_after(f"'and', 'or' or the ')' for column {opened}")
        self.at += 1
        return inner

    def _nest(self, at: int) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            problem = f"more than {MAX_NESTING} parentheses and 'not's are nested"
            self._fail(problem, "leave out those that change nothing", at)

    # A comparison.

    def _comparison(self) -> Comparison:
        self._skip_space()
        column = self.at + 1
        subject = self._subject()
        operator = self._operator(subject)
        return Comparison(subject, operator, self._argument(subject, operator), column)

    def _subject(self) -> Subject:
        start = self.at
        word = self._word()
        if word.startswith("attribute:"):
            return self._attribute(word, start)
        if word in _WORDED_SUBJECTS:
            return Subject(_WORDED_SUBJECTS[word])
        if not word or word in RESERVED_WORDS:
            self.at = start
            self._fail(f"{self._found()} where a comparison should begin", f"write {_SUBJECTS}")
        remedy = f"write attribute:{word}" if word.startswith("ecs.") else f"write {_SUBJECTS}"
        self._fail(f"{_shown(word)} is no subject", remedy, start)

    def _attribute(self, word: str, start: int) -> Subject:
        name_at = start + len("attribute:")
        name = self.text[name_at : self.at]
        if not name:
            self._fail("the attribute has no name", "write attribute:NAME without a space", name_at)
        for offset, character in enumerate(name):
            if not (character.isascii() and character.isalnum()) and character not in _NAME_PUNCTUATION:
                problem = f"{_shown(character)} cannot be in the name of an attribute"
                self._fail(problem, r"write letters, digits and - _ / \ .", name_at + offset)
        return Subject(SubjectKind.ATTRIBUTE, name)

    def _operator(self, subject: Subject) -> Operator:
        self._skip_space()
        start = self.at
        allowed = OPERATORS[subject.kind]
        remedy = f"write {_listed([str(operator) for operator in allowed])}"
        spelling = self._spelling()
        if spelling not in SPELLINGS:
            self.at = start
            if self._starts("=") and not spelling:
                remedy = "write '=='"
            elif spelling == "not":
                remedy = "write '!in', '!=' or '!exists' as one word"
            self._fail(f"{self._found()} where an operator should be", remedy)
        operator = SPELLINGS[spelling]
        if operator not in allowed:
            self._fail(f"'{spelling}' does not apply to {subject.kind.value}", remedy, start)
        return operator

    def _spelling(self) -> str:
        """The operator's symbol or word, consumed; empty if there is neither."""
        for symbol in _SYMBOLS:
            if self._starts(symbol):
                end = self.at + len(symbol)
                if symbol[-1].isalpha() and end < len(self.text) and is_word_character(self.text[end]):
                    continue
                self.at = end
                return symbol
        return self._word()

    # Arguments.

    def _argument(self, subject: Subject, operator: Operator) -> tuple[str, ...]:
        if operator.positive is Operator.EXISTS:
            return ()
        if operator.positive is Operator.IN:
            return self._list(subject)
        self._skip_space()
        if operator.positive is Operator.MATCHES:
            return (self._regex(),)
        if self._starts("["):
            self._fail("a list where one value should be", "write one value, or 'in' before the list")
        return (self._value(subject),)

    def _list(self, subject: Subject) -> tuple[str, ...]:
        self._skip_space()
        if not self._starts("["):
            self._fail(f"{self._found()} where a list should be", "write [VALUE, VALUE]")
        opened = self.at + 1
        values: list[str] = []
        while not values or self._starts(","):
            self.at += 1
            self._skip_space()
            values.append(self._value(subject))
            if not self._skip_space():
                self._fail(f"the '[' of column {opened} is never closed", "write ']'")
        if not self._starts("]"):
            self._fail(f"{self._found()} where ',' or ']' should be", f"write one; {_QUOTE}")
        self.at += 1
        return tuple(values)

    def _value(self, subject: Subject) -> str:
        start = self.at
        if self._starts("'") or self._starts('"'):
            value, _ = self._quoted()
        else:
            value = self._word()
            if not value or value in RESERVED_WORDS:
                self.at = start
                remedy = f"quote it, '{value}'" if value else f"write a value; {_QUOTE}"
                self._fail(f"{self._found()} where a value should be", remedy)
        expected = _expected(subject.kind, value)
        if expected:
            self._fail(f"{_shown(value)} is no value of {subject}", expected, start)
        return value

    def _regex(self) -> str:
        if self._starts("'") or self._starts('"'):
            pattern, places = self._quoted()
        else:
            start = self.at
            self.at = self._end_of_regex()
            pattern, places = self.text[start : self.at], list(range(start, self.at + 1))
            if not pattern or pattern in RESERVED_WORDS:
                self.at = start
                remedy = "write one, quoted if it has a space"
                self._fail(f"{self._found()} where a regular expression should be", remedy)
        fault = regex.fault(pattern)
        if fault:
            self._fail(fault.problem, fault.remedy, places[fault.offset])
        return pattern

    def _end_of_regex(self) -> int:
        depth = 0
        for offset, unit, where in regex.units(self.text, self.at):
            for further, character in enumerate(unit):
                if character.isspace():
                    return offset + further
            if where != "plain":
                continue
            if depth == 0 and (unit == ")" or self.text.startswith(("&&", "||"), offset)):
                return offset
            depth += (unit == "(") - (unit == ")")
        return len(self.text)

    def _quoted(self) -> tuple[str, list[int]]:
        """The text between quotes, and the place of each of its characters and of the closing quote."""
        quote, opened = self.text[self.at], self.at
        self.at += 1
        characters: list[str] = []
        places: list[int] = []
        while self.at < len(self.text):
            places.append(self.at)
            if self._starts(quote * 2):
                self.at += 1
            elif self._starts(quote):
                self.at += 1
                return "".join(characters), places
            characters.append(self.text[self.at])
            self.at += 1
        self._fail("the quote is never closed", f"write {quote} at the end of the value", opened)

    # Characters.

    def _skip_space(self) -> bool:
        """Go to the next character that is no white space; whether there is one."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _starts(self, symbol: str) -> bool:
        return self.text.startswith(symbol, self.at)

    def _peek_word(self) -> str:
        end = self.at
        while end < len(self.text) and is_word_character(self.text[end]):
            end += 1
        return self.text[self.at : end]

    def _word(self) -> str:
        word = self._peek_word()
        self.at += len(word)
        return word

    def _take(self, symbol: str, word: str) -> bool:
        """Consume the symbol or the word if either comes next."""
        self._skip_space()
        for spelling, found in ((symbol, self._starts(symbol)), (word, self._peek_word() == word)):
            if found:
                self.at += len(spelling)
                self._skip_space()
                return True
        return False

    # Faults.

    def _found(self) -> str:
        if self.at >= len(self.text):
            return "the expression ends"
        character = self.text[self.at]
        if character in SPECIAL_CHARACTERS:
            return f"found {_shown(character)}"
        return f"found {_shown(self._peek_word())}"

    def _fail_after(self, expected: str) -> NoReturn:
        """What follows a complete comparison is none of what may follow it."""
        word = self._peek_word()
        if self._starts(")"):
            self._fail("')' closes nothing", "write '(' before it or leave it out")
        remedy = f"write {expected}; {_QUOTE}"
        if word.lower() in ("and", "or"):
            remedy = f"write '{word.lower()}'"
        elif self._starts("&") or self._starts("|"):
            remedy = f"write '{self.text[self.at] * 2}'"
        self._fail(f"{self._found()} after a complete comparison", remedy)

    def _fail(self, problem: str, remedy: str, at: int | None = None) -> NoReturn:
        raise InvalidQuery(self.text, (self.at if at is None else at) + 1, problem, remedy)


def _expected(kind: SubjectKind, value: str) -> str:
    """What a value of this subject should be; empty if it is one."""
    if kind is SubjectKind.AGENT_CONNECTED and value not in ("true", "false"):
        return "write true or false"
    if kind is SubjectKind.RUNNING_TASKS_COUNT and integer(value) is None:
        return "write an integer"
    if kind is SubjectKind.REGISTERED_AT and instant(value) is None:
        return "write an ISO date, with a time or without: 2018-06-18 or 2018-06-18T22:28:28Z"
    return ""


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"


def _shown(text: str) -> str:
    """Text of the caller for a message: one line, at most 40 characters."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return f"'{shown[:40]}…'" if len(shown) > 40 else f"'{shown}'"
