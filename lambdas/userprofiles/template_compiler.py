"""Writes the package `compiled_templates`, which `compiled_template` reads.

The build of the functions' zip runs this module from the zip's files, with the Python version and the
libraries of the functions, so that the result is the same on every machine.
"""

import json
from pathlib import Path

from userprofiles import compiled_template, schema_compiler, template, template_document
from userprofiles.template import Template


def compile_templates() -> dict[str, str]:
    """Compile all templates in `templates/`.

    An invalid template is left out: the function that uses it reports the problem when it starts.

    Returns:
        Path in the package `userprofiles` to the module's source.
    """
    digest = compiled_template.calculate_digest(Path(__file__).parent)
    modules = {f"{compiled_template.PACKAGE}/__init__.py": ""}
    for name in template_document.names():
        try:
            modules |= _compile_template(template.load(name), digest)
        except template.TemplateError:
            continue
    return modules


def _compile_template(source: Template, digest: str) -> dict[str, str]:
    folder = f"{compiled_template.PACKAGE}/{source.name}"
    modules = {
        "profile": source.schema("profile", source.default_role),
        **{f"account_{role}": source.schema("account", role) for role in source.roles},
    }
    keys = {("account", role): f"account_{role}" for role in source.roles}
    keys |= {("profile", role): "profile" for role in source.roles}
    description = (
        "import json\n\n"
        f"DIGEST = {digest!r}\n"
        f"MODULES = {keys!r}\n"
        f"DOCUMENT = json.loads({json.dumps(source.document)!r})\n"
    )
    sources = {
        f"{folder}/{module}.py": schema_compiler.generate_source(schema) for module, schema in modules.items()
    }
    return {f"{folder}/__init__.py": description, **sources}
