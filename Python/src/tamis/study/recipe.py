"""Recipes: options of ``tamis encode`` as the YAML file that its ``--recipe`` takes (docs/recipes.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def recipe(options: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]], comment: Sequence[str] = ()) -> str:
    """The text of a recipe.

    Parameters
    ----------
    options
        As `tamis.encode` takes them, such as quality and exclude; entries of None are left out.
    rules
        Options of single tensors by patterns over their names.
    comment
        Lines to stand above it.
    """
    content = {key: value for key, value in options.items() if value is not None}
    if rules:
        content["tensors"] = [{"match": pattern, **entries} for pattern, entries in rules.items()]
    # Every string in quotation marks: patterns may begin with characters that mean something to YAML.
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return "".join(f"# {line}\n" for line in comment) + text


class _Dumper(yaml.SafeDumper):
    """Writes strings in double quotation marks, but for keys."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            key.style = None
        return node


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
