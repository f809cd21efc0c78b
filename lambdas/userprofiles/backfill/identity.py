"""What a plan, a record and a report store to recognize the template, the source and the code again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from userprofiles import template as templates

_DIGITS = 16


def document_digest(document: Any) -> str:
    """Return a digest of a JSON document that does not depend on the order of its names."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def template_identity(name: str) -> dict[str, str]:
    """Return the name, the version and the digest of a template.

    Raises:
        userprofiles.template.TemplateError: The template doesn't exist or is invalid.
    """
    template = templates.load(name)
    return {
        "name": template.name,
        "version": template.version,
        "digest": document_digest(template.document),
    }


def template_version(identity: Mapping[str, str]) -> str:
    """Return the identity of a template as a record stores it, such as ``basic 1.0 1a2b3c4d5e6f7a8b``."""
    return f"{identity['name']} {identity['version']} {identity['digest']}"
