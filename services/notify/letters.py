"""What messages say: templates in both languages, in a sandbox, with the case number and nothing else about the case."""

from __future__ import annotations

from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_DIRECTORY = Path(__file__).parent / "templates"
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(_DIRECTORY), undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
)


def write(template: str, language: str, case_no: str, *, demo: bool) -> tuple[str, str]:
    """Subject and text of a message. Raises if a template asks for anything but `case_no` and `demo`."""
    made = _ENVIRONMENT.get_template(f"{template}.{language}.txt").render(case_no=case_no, demo=demo)
    subject, _, text = made.partition("\n")
    return subject.strip(), text.strip() + "\n"
