"""`userprofiles template`: check a template of your own, and show a template with all its fields."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema

from userprofiles import completion, template, template_schema
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.output import Output
from userprofiles.template import Template, TemplateError
from userprofiles.template_check import ITEM_KINDS, ItemKind

VALID, UNREADABLE, INVALID = 0, 1, 2

_CHECK_EPILOG = """exit codes:
  0   the template is valid
  1   the file can't be read or is not JSON
  2   the template has problems
  64  wrong usage"""
_SHOW_EPILOG = """exit codes:
  0   done
  1   the template doesn't exist or is not valid
  64  wrong usage"""


def add_parsers(groups: Any) -> None:
    """Add the command `template` to the groups of commands."""
    group = groups.add_parser("template", help="check and show templates")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = _add_command(
        commands,
        "check",
        "report all problems of a template",
        "Check a template file and report all problems, each with its location.",
        _CHECK_EPILOG,
    )
    check.add_argument("file", metavar="FILE", help="path of the template, a JSON file")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(execute=lambda values: check_file(values.file, as_json=values.json))
    show = _add_command(
        commands,
        "show",
        "print a template",
        "Print a template as JSON, with all fields of the templates and types that it uses.",
        _SHOW_EPILOG,
    )
    show.add_argument("name", metavar="NAME", help=f"one of {', '.join(template.names())}, or a .json file")
    show.add_argument("--fields", action="store_true", help="print a table of the fields instead")
    show.set_defaults(execute=lambda values: show_template(values.name, as_table=values.fields))
    schema = _add_command(
        commands,
        "schema",
        "print the JSON Schema of a template",
        "Print the JSON Schema of a template. Editors use it to complete and to check a template.",
        "exit codes:\n  0   done\n  64  wrong usage",
    )
    schema.set_defaults(execute=lambda _: _print_json(template_schema.create_schema()))


def _add_command(commands: Any, name: str, summary: str, description: str, epilog: str) -> CommandParser:
    parser: CommandParser = commands.add_parser(name, help=summary, description=description, epilog=epilog)
    return parser


def check_file(file: str, *, as_json: bool) -> int:
    """Print all problems of a template file.

    Returns:
        The exit code.
    """
    try:
        problems = find_problems(Path(file))
    except TemplateError as error:
        if as_json:
            Output().write(json.dumps({"file": file, "valid": False, "error": str(error)}, indent=2) + "\n")
        sys.stderr.write(f"Error: {error}\n")
        return UNREADABLE
    if as_json:
        result = {"file": file, "valid": not problems, "problems": problems}
        Output().write(json.dumps(result, indent=2) + "\n")
    elif problems:
        Output().write_all(f"{file}: {problem}\n" for problem in problems)
        sys.stderr.write(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}.\n")
    else:
        checked = template.load(Path(file))
        roles = ", ".join(checked.roles)
        Output().write(f"{file}: valid. Version {checked.version}, roles: {roles}.\n")
    return INVALID if problems else VALID


def find_problems(file: Path) -> list[str]:
    """Return all problems of a template file. Violations of the JSON Schema are the last resort.

    Raises:
        TemplateError: The file can't be read or is not JSON.
    """
    problems = template.find_problems(file)
    if problems:
        return problems
    _, document = template.read(file)
    validate = fastjsonschema.compile(template_schema.create_schema(), fast_fail=False)
    try:
        validate(document)
    except fastjsonschema.JsonSchemaValuesException as error:
        return [violation.message.removeprefix("data.") for violation in error.errors]
    return []


def show_template(name: str, *, as_table: bool) -> int:
    """Print a template, or its fields.

    Returns:
        The exit code.
    """
    try:
        shown = template.load(name)
    except TemplateError as error:
        sys.stderr.write(f"Error: {error}\n")
        return UNREADABLE
    if not as_table:
        return _print_json(shown.document)
    rows = [("field", "role", "type", "default", "set by", "completion"), *_field_rows(shown)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    Output().write_all(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )
    return VALID


def _print_json(document: Any) -> int:
    Output().write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return VALID


def _field_rows(shown: Template) -> Iterator[tuple[str, ...]]:
    """Yield a row for each field. A field that only one role has names the role."""
    document = shown.document
    for kind in ITEM_KINDS:
        yield from (_row(shown, kind, "", *field) for field in document[kind]["properties"].items())
    for role, extension in document["roles"]["allowed"].items():
        yield from (_row(shown, "account", role, *field) for field in extension["properties"].items())


def _row(shown: Template, kind: ItemKind, role: str, name: str, schema: dict[str, Any]) -> tuple[str, ...]:
    types = schema.get("type", "any")
    default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else "-"
    weights = completion.completion_weights(shown, role or shown.default_role)[kind]
    return (
        f"{kind}.{name}",
        role or "all",
        types if isinstance(types, str) else " or ".join(types),
        default,
        "service" if schema.get("readOnly") else "user",
        str(weights.get(name, "-")),
    )
