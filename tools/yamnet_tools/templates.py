# SPDX-License-Identifier: Apache-2.0
"""Pages from Jinja2 templates that lie beside the code which fills them in."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined


def render(template: str, **values: Any) -> str:
    """Fill in a template of this package, `<folder>/<name>.html.j2` (values are escaped) or `.md.j2` (as they are).

    Raises:
        jinja2.TemplateError: The template names a value that is not there.
    """
    environment = Environment(
        loader=FunctionLoader(lambda name: files(__package__).joinpath(name).read_text(encoding="utf-8")),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
