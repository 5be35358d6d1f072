"""check --code: a person's own backward pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symbptt.algebra import Model
from symbptt.cli.ending import DONE, FAILED, USAGE
from symbptt.cli.program import Result, wants_json


def examined(model: Model, code: str, strict: bool, returns: str, **given: Any) -> Result:
    """The verdict about a function, ``FILE[:FUNCTION]``.

    With ``strict`` what is right up to a factor or clipping ends in status 1.
    """
    from symbptt.errors import ProgramError
    from symbptt.handwritten.examination import check_code

    path, function = parted(code)
    order = tuple(word.strip() for word in returns.split(",") if word.strip())
    try:
        verdict = check_code(model, path, function, returns=order, **given)
    except ProgramError as error:
        if not wants_json():
            raise
        data = {"model": model.name, "code": code, "verdict": "not called", "reason": str(error)}
        return Result(str, lambda: data, USAGE)
    status = DONE if verdict.ok and not (strict and verdict.convention) else FAILED
    return Result(lambda: f"{verdict}\n", verdict.data, status)


def parted(code: str) -> tuple[str, str]:
    """The file and the function; a name of a file may itself have a colon.

    Raises
    ------
    click.UsageError
        If there is no such file.
    """
    if Path(code).is_file():
        return code, ""
    path, _, function = code.rpartition(":")
    if not Path(path or code).is_file():
        raise click.UsageError(f"--code: no file {path or code}")
    return path, function
