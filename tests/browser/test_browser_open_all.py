"""Everything open: each channel of each layer, in the colours of the model's own values."""

from __future__ import annotations

import numpy as np
import pytest

from browser.pages import Export, NewTab, Tab
from tensorview.manifest import NodeInfo
from tensorview.tracing import trace

LARGE = {"width": 1920, "height": 1400}
LARGER = {"width": 3000, "height": 2300}
"""For a model whose cells are too small to have a colour each in the other."""
SMALLEST_CELL = 2.5


def stored(values: np.ndarray, node: NodeInfo) -> np.ndarray:
    """One sample's activation as the page indexes it: channel first."""
    return values if node.channel_axis is None else np.moveaxis(values, node.channel_axis, 0)


def cells(
    tab: Tab, node: NodeInfo, values: np.ndarray, rng: np.random.Generator, count: int
) -> list[dict[str, object]]:
    """So many random cells, channels in turn, where they are large enough on the screen to have one colour, with what
    the page says of them."""
    found: list[dict[str, object]] = []
    channels = rng.permutation(values.shape[0])
    for i in range(count):
        index = [int(channels[i % len(channels)]), *(int(rng.integers(side)) for side in values.shape[1:])]
        names = ("channel", "y", "x")[: len(index)]
        at = dict(zip(names, index, strict=True))
        x, y = tab.place(node.id, **at)
        under = tab.cell(x, y)
        if under is None or under["shows"] != node.id or under["index"] != index:
            continue
        # What runs to the right: the last axis of maps, the channels of all else.
        across, side = ("x", values.shape[-1]) if node.form == "planes" else ("channel", values.shape[0])
        beside = [at | {across: at[across] + step} for step in (-1, 1) if 0 <= at[across] + step < side]
        if any(np.hypot(*np.subtract(tab.place(node.id, **other), (x, y))) < SMALLEST_CELL for other in beside):
            continue
        found.append({"x": x, "y": y, "value": under["value"], "index": tuple(index)})
    return found


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("lenet_mnist", "dark"),
        ("unet_digit", "light"),
        ("vit_mnist", "light"),
        ("cvae_mnist_decoder", "light"),
        pytest.param("crepe_tiny", "dark", marks=pytest.mark.needs("crepe_tiny")),
        pytest.param("mtcnn_onet", "dark", marks=pytest.mark.needs("mtcnn_onet")),
        pytest.param("efficientnet_lite0", "dark", marks=pytest.mark.needs("efficientnet_lite0")),
    ],
)
def test_cells_have_the_colours_of_the_models_values(
    name: str, theme: str, new_tab: NewTab, exported: Export, rng: np.random.Generator
) -> None:
    page = exported(name)
    own = trace(page.example.model, page.example.inputs)
    tab = new_tab(viewport=LARGER if name == "efficientnet_lite0" else LARGE, color_scheme=theme).open(page.path)
    tab.page.evaluate("() => window.tensorview.openAll()")
    tab.settle()
    stats = tab.page.evaluate("() => window.tensorview.stats()")
    assert stats["draws"] <= 10, "a batch holds many layers"
    tab.page.add_style_tag(content=".scene-numbers { visibility: hidden }")
    window = tab.pixels()
    nodes = {node.id: node for node in page.bundle.manifest.nodes}
    activations = {item.node: item for item in page.bundle.manifest.samples[0].activations}
    checked = 0
    for id in tab.state()["open"]:
        node = nodes.get(id)
        if node is None or node.role != "layer" or node.form not in ("planes", "row", "sequence"):
            continue
        tensor = activations[id].tensor
        values = stored(np.asarray(own.activation(id))[0], node)
        if tensor is None or tensor.source is not None or activations[id].summary.max is None:
            continue
        step = np.ptp(values.reshape(values.shape[0], -1), axis=1) / 252
        for cell in cells(tab, node, values, rng, 24):
            channel = cell["index"][0]  # type: ignore[index]
            exact = values[cell["index"]]  # type: ignore[index]
            assert cell["value"] == pytest.approx(float(exact), abs=float(step[channel]) / 2 + 1e-5)
            expected = tab.page.evaluate("([v, id]) => window.tensorview.colourOf(v, id)", [cell["value"], id])
            seen = window[round(cell["y"] - 0.5), round(cell["x"] - 0.5)]  # type: ignore[operator]
            assert np.abs(seen.astype(int) - np.array(expected)).max() <= 3, (id, cell, seen, expected)
            checked += 1
    assert checked >= 20
