"""Words a command line that cannot be read as every other error: one line, ``error: OPTION: what is wrong; remedy``."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from solver.cli.exits import Exit, say

REFUSED: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if issubclass(kind, Exception) and kind.__name__ == "ClickException"
)
"""What the parser of the command line raises: typer's own, or click's in older versions of typer."""

_CHOICE = re.compile(r"'(?P<said>.*)' is not one of (?P<choices>.*?)\.?", re.DOTALL)


class Commands(TyperGroup):
    """The commands, with usage errors as plain lines on standard error and exit code 2."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; ends the process unless ``standalone_mode`` is off."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except REFUSED as refused:
            if not standalone_mode:
                raise
            if type(refused).__name__ != "NoArgsIsHelpError":
                say(f"error: {sentence(refused)}")
            elif refused.args and refused.args[0]:
                say(str(refused.args[0]))
            sys.exit(Exit.BAD_INPUT)
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(Exit.FAILURE)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else Exit.DONE)
        return code


def sentence(refused: BaseException) -> str:
    """What is wrong with the command line: where, what, and what would be right."""
    context = getattr(refused, "ctx", None)
    command = str(getattr(context, "command_path", "placement-solver"))
    help_ = f"see {command} --help"
    message = str(getattr(refused, "message", ""))
    name = _name(refused)
    kind = type(refused).__name__
    if kind == "NoSuchOption":
        possible = getattr(refused, "possibilities", None)
        return f"{name}: is not an option of {command}; " + (f"did you mean {possible[0]}?" if possible else help_)
    if kind == "MissingParameter":
        return f"{name}: is missing; {help_}"
    if kind == "BadOptionUsage":
        problem = "takes no value; leave it out" if "not take" in message else f"has no value; {help_}"
        return f"{name}: {problem}"
    choice = _CHOICE.fullmatch(message.removeprefix("Value error, "))
    if name and choice:
        return f"{name}: is '{choice['said']}'; must be one of {choice['choices'].replace(chr(39), '')}"
    said = (message[:1].lower() + message[1:]).rstrip(".")
    said = said if said.endswith("?") else f"{said}; {help_}"
    return f"{name}: {said}" if name else said


def _name(refused: BaseException) -> str:
    """The option, or the argument as help names it; empty where there is none."""
    parameter = getattr(refused, "param", None)
    if parameter is None:
        return str(getattr(refused, "option_name", None) or "")
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(max(parameter.opts, key=len))
