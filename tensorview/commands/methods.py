"""tensorview methods: the attribution methods, what each answers and takes."""

from __future__ import annotations

import argparse
import json
import textwrap
from typing import Any

NAME = "methods"
HELP = "list the attribution methods, or say what one of them answers and takes"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="NAME", nargs="?", help="one method, with its parameters")
    parser.add_argument("--json", action="store_true", help="print JSON in place of text")


def run(options: argparse.Namespace) -> None:
    from tensorview.attribution.registry import find, methods

    chosen = [type(find(options.method))] if options.method else list(methods())
    if options.json:
        facts = [describe(method) for method in chosen]
        print(json.dumps(facts[0] if options.method else facts, ensure_ascii=False, indent=1))
    elif options.method:
        _print_one(chosen[0])
    else:
        width = max(len(method.name) for method in chosen)
        for method in chosen:
            print(f"{method.name:{width}}  {method.question}  [{method.cost}]")


def describe(method: Any) -> dict[str, Any]:
    """A method as plain data, from its own fields."""
    from tensorview.attribution.parameters import parameters

    return {
        "name": method.name,
        "title": method.title,
        "question": method.question,
        "definition": definition(method),
        "paper": method.paper,
        "range": method.range,
        "signed": method.signed,
        "cost": method.cost,
        "looks_at_layer": method.looks_at_layer,
        "by_class": method.by_class,
        "parameters": [
            {
                "name": item.name, "type": item.kind.__name__, "default": item.default, "help": item.help,
                "minimum": item.minimum, "maximum": item.maximum, "choices": item.choices,
            }
            for item in parameters(method)
        ],
    }  # fmt: skip


def definition(method: Any) -> str:
    """The first paragraph of a method's docstring, on one line."""
    return " ".join((method.__doc__ or "").split("\n\n")[0].split())


def _print_one(method: Any) -> None:
    facts = describe(method)
    print(f"{facts['title']} ({facts['name']})\n{facts['question']}\n")
    print(textwrap.fill(facts["definition"].replace("`", ""), 100))
    print(f"\npaper   {facts['paper']}\nrange   {facts['range']}\ncost    {facts['cost']}")
    print(f"looks at {'a layer (--layer)' if facts['looks_at_layer'] else 'the input'}")
    if facts["parameters"]:
        print("\nparameters (--set NAME=VALUE)")
    for item in facts["parameters"]:
        choices = f"; one of {', '.join(map(str, item['choices']))}" if item["choices"] else ""
        print(f"  {item['name']}={item['default']}  {item['help']}{choices}")
