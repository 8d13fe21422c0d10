"""A page of a model that there isn't: so many layers of so many channels in a chain, made of patterns."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tensorview.blobs import BlobWriter
from tensorview.bundle import Bundle
from tensorview.formats import open_bundle, write
from tensorview.manifest import Activation, Edge
from tensorview.statistics import summarize

SIDE = 14


def maps(layer: int, channels: int) -> np.ndarray:
    """Values (channels, SIDE, SIDE): waves that differ from channel to channel and from layer to layer."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    pace = 1 + (np.arange(channels)[:, None, None] + layer) % 7
    return np.maximum(0, np.sin(pace * (x + layer / 50) * 3) * np.cos(pace * y * 2)).astype(np.float32)


def made_up(pattern: Bundle, layers: int, channels: int) -> Bundle:
    """`pattern` gives one manifest of this version; its conv layer is the pattern of all."""
    known = pattern.manifest
    first = next(node for node in known.nodes if node.role == "input")
    conv = next(node for node in known.nodes if node.kind == "conv")
    shape = (SIDE, SIDE, channels)
    nodes = [replace(first, id="x", label="x", layer="x", shape=shape, form="planes", channel_axis=2)]
    bare = replace(conv, group=None, shape=shape, weights=(), health=(), field=None, note=None)
    nodes += [replace(bare, id=f"conv{i}", label=f"conv{i}", layer=f"conv{i}") for i in range(1, layers)]
    front, entries, blobs, activations = BlobWriter("t0"), [], {}, []
    for i, node in enumerate(nodes):
        values = maps(i, channels)
        writer = BlobWriter(f"a{i}.0")
        tensor, thumb = writer.quantised(values), front.quantised(np.abs(values).mean(axis=0)[None])
        entry, packed = writer.finish(1)
        entries.append(entry)
        blobs[entry.id] = packed
        summary = summarize(values)
        activations.append(Activation(node=node.id, tensor=tensor, thumb=thumb, side=None, top=None, summary=summary))
    head, packed = front.finish(1)
    sample = replace(known.samples[0], name="waves", pictures=(), predictions=(), activations=tuple(activations))
    manifest = replace(
        known, title=f"{layers} layers of {channels} channels", nodes=tuple(nodes), groups=(), samples=(sample,),
        edges=tuple(Edge(source=a.id, target=b.id) for a, b in pairwise(nodes)),
        methods=(), attributions=(), inputs=(), blobs=(head, *entries),
    )  # fmt: skip
    return Bundle(manifest, {**blobs, head.id: packed})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pattern", type=Path, required=True, help="any bundle (.tview) with a convolution")
    parser.add_argument("--layers", type=int, default=1000)
    parser.add_argument("--channels", type=int, default=100)
    options = parser.parse_args()
    write(made_up(open_bundle(options.pattern), options.layers, options.channels), options.output, "html", force=True)


if __name__ == "__main__":
    main()
