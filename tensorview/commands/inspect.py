"""tensorview inspect: the layer calls of a model as a table."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from tensorview.commands import common
from tensorview.errors import OptionError

NAME = "inspect"
HELP = "list a model's layer calls: shapes, parameters, MACs, and with an input ranges and health"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.add_model(parser)
    common.add_inputs(parser)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="read the graph from the file's configuration alone: nothing is built or run, so there are no numbers",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument(
        "--fail-on",
        metavar="KIND[:SHARE],...",
        help="exit with 1 where a layer is ill so: nan, inf, exploding, vanishing, dead, constant, saturated, "
        "duplicate; with a share of its channels, as in dead:0.5",
    )
    parser.set_defaults(quiet=False)


FAILED = 1
"""The exit code where a layer is ill as --fail-on says."""


def run(options: argparse.Namespace) -> int | None:
    if options.fast:
        _read(options)
        return None
    from tensorview import failing

    wanted = None if options.fail_on is None else failing.parse(options.fail_on)
    if wanted and not options.input and set(wanted) - set(failing.OF_WEIGHTS):
        raise OptionError("--fail-on looks at what an input makes of the model; give one with -i")
    with common.progress(options) as progress:
        model = common.load(options)
        batch = common.read_batch(model, options)
        from tensorview.exporting import make_bundle

        bundle = make_bundle(
            model, batch, format="tview", methods=(), budget=None, progress=progress,
            least=failing.least(wanted) if wanted else None,
        )  # fmt: skip
    facts = describe(bundle.manifest)
    if options.json:
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        common.say_inputs(options, batch)
        _print_table(facts)
    failed = failing.failures(bundle.manifest.nodes, wanted) if wanted else []
    for line in failed:
        common.complain(line)
    return FAILED if failed else None


def _read(options: argparse.Namespace) -> None:
    """What the file says, without TensorFlow."""
    given = {
        "-i": options.input, "--fail-on": options.fail_on, "--weights": options.weights, "--import": options.imports,
        "--unsafe": options.unsafe, "--preprocess": options.preprocess != "auto",
    }  # fmt: skip
    if meant := [name for name, value in given.items() if value]:
        raise OptionError(f"--fast only reads what the file says of the model; it goes without {', '.join(meant)}")
    if options.model.startswith("keras:"):
        raise OptionError("--fast reads a file; keras:NAME models are made by Keras, so leave --fast out")
    from tensorview.fast import report
    from tensorview.fast.walk import read

    facts = report.facts(read(Path(options.model)))
    if options.json:
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        report.print_table(facts)


def describe(manifest: Any) -> dict[str, Any]:
    """The table as plain data. `range` is over all samples; null without an input and where nothing is finite."""
    ranges: dict[str, tuple[float, float]] = {}
    for sample in manifest.samples:
        for activation in sample.activations:
            low, high = activation.summary.min, activation.summary.max
            if low is not None and high is not None:
                before = ranges.get(activation.node, (low, high))
                ranges[activation.node] = (min(low, before[0]), max(high, before[1]))
    return {
        "model": {
            "name": manifest.model.name,
            "parameters": manifest.model.params,
            "trainable": manifest.model.trainable_params,
            "macs": manifest.model.macs,
            "calls": manifest.model.layers,
        },
        "inputs": [
            {"name": item.name, "preprocessing": item.preprocessing, "guessed": item.guessed}
            for item in manifest.inputs
        ],
        "layers": [
            {
                "name": node.id,
                "class": node.class_name,
                "kind": node.kind,
                "shape": list(node.shape),
                "dtype": node.dtype,
                "parameters": node.params,
                "trainable": node.trainable_params,
                "macs": node.macs,
                "flops": None if node.macs is None else 2 * node.macs,
                "bytes": node.bytes,
                "time_share": node.time_share,
                "receptive_field": None if node.field is None else dataclasses.asdict(node.field),
                "range": list(ranges[node.id]) if node.id in ranges else None,
                "health": [dataclasses.asdict(item) for item in node.health],
            }
            for node in manifest.nodes
        ],
        "groups": [{"name": group.id, "class": group.class_name} for group in manifest.groups],
        "edges": [[edge.source, edge.target] for edge in manifest.edges],
        "notes": list(manifest.notes),
    }


def _print_table(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)  # a file or a pipe has no width of its own
    has_ranges = any(layer["range"] or layer["health"] for layer in facts["layers"])
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("layer call", "kind"):
        table.add_column(heading, overflow="fold")
    for heading in ("output", "parameters", "MACs", "sees", *(("time", "range") if has_ranges else ())):
        table.add_column(heading, justify="right")
    if has_ranges:
        table.add_column("health", overflow="fold")
    for layer in facts["layers"]:
        cells = [
            layer["name"],
            f"{layer['kind']} · {layer['class']}",
            " × ".join("any" if size is None else str(size) for size in layer["shape"]) or "scalar",
            f"{layer['parameters']:,}" if layer["parameters"] else "",
            f"{layer['macs']:,}" if layer["macs"] else "",
            _sees(layer["receptive_field"]),
        ]
        if has_ranges:
            cells += [
                _percent(layer["time_share"]),
                _range(layer["range"]),
                "; ".join(item["text"] for item in layer["health"]),
            ]
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    model = facts["model"]
    macs = f", {model['macs']:,} MACs" if model["macs"] else ""
    console.print(
        Text(f"{model['name']}: {model['calls']} layer calls, {model['parameters']:,} parameters "
             f"({model['trainable']:,} trainable){macs}")
    )  # fmt: skip
    for note in facts["notes"]:
        console.print(Text(note))


def _sees(field: dict[str, Any] | None) -> str:
    """A receptive field's size along each axis of the input."""
    if field is None:
        return ""
    return "×".join("all" if size is None else str(size) for size in field["size"])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _range(values: list[float] | None) -> str:
    return f"{values[0]:.3g} … {values[1]:.3g}" if values else ""
