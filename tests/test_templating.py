"""Templates are found, and a template that asks for what it is not given fails."""

from __future__ import annotations

import jinja2
import pytest

from symbptt.errors import UnknownNameError
from symbptt.templating import environment, template_folder
from symbptt.typeset.document import FORMATS


@pytest.mark.parametrize("kind", ["html", "latex", "numpy"])
def test_the_folders_of_templates_are_found(kind: str) -> None:
    assert any(template_folder(kind).glob("*.j2"))


def test_an_unknown_kind_is_a_named_error() -> None:
    with pytest.raises(UnknownNameError, match="no folder of templates is called 'cobol'"):
        template_folder("cobol")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_frame(name: str) -> None:
    chosen = FORMATS[name]
    assert chosen.frame in environment(chosen.kind).list_templates()


@pytest.mark.parametrize(("kind", "source"), [("latex", "<< gone >>"), ("numpy", "{{ gone }}")])
def test_an_undefined_name_is_an_error(kind: str, source: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        environment(kind).from_string(source).render()
