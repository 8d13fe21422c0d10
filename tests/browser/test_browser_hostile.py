"""Strings that a stranger chose reach the page as text: names of layers, classes, inputs, outputs, labels and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from playwright.sync_api import expect

import tensorview as tv
from browser.pages import DESKTOP, PHONE, NewTab

IMAGE = "<img src=x onerror='window.hurt=1'>"
SCRIPT = "</script><script>window.hurt=1</script>"
NAMES = [
    IMAGE,
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "n" * 10_000,
    "\u202eright to left שלום",
    "層 🌍 é\u0301",
    "a\nb\tc\x1b[31m\u2028",
    "${alert(1)}{{7*7}}",
    "&lt;b&gt;&amp;",
    "../../etc/passwd",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tv.Bundle]:
    folder = tmp_path_factory.mktemp("strings")
    odd: Any = type(SCRIPT, (layers.Layer,), {"call": lambda self, x: x * 2.0})
    one, other = keras.Input((6, 6, 1), name=IMAGE), keras.Input((3,), name="__proto__")
    x = layers.Conv2D(2, 3, name="conv")(one)
    for name in NAMES[5:11]:
        x = layers.Conv2D(2, 1, name=name)(x)
    inner = keras.Input((4, 4, 2))
    x = keras.Model(inner, layers.BatchNormalization(name="toString")(inner), name="constructor")(x)
    x = odd(name=SCRIPT.replace("/", "_"))(x)
    x = layers.Concatenate(name="valueOf")([layers.Flatten(name="..")(x), other])
    answer = layers.Dense(3, activation="softmax", name="hasOwnProperty")(x)
    outputs = {SCRIPT: answer, "__proto__": layers.Dense(2, name="prototype")(x), "constructor": x}
    model = keras.Model({IMAGE: one, "__proto__": other}, outputs, name="m")
    file = folder / f"{IMAGE}.keras"
    model.save(file)
    loaded = tv.load_model(file, custom_objects={SCRIPT: odd})
    values = folder / f"{IMAGE} & '.npz"
    np.savez(values, **{IMAGE: np.ones((1, 6, 6, 1), "float32"), "__proto__": np.ones((1, 3), "float32")})
    made = tv.export(
        loaded, tv.read_inputs(loaded, [values]), folder / "page.html", labels=[SCRIPT, "__proto__", IMAGE]
    )
    return folder / "page.html", made


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_string_does_anything_but_read(page: tuple[Path, tv.Bundle], new_tab: NewTab, viewport: Any) -> None:
    path, bundle = page
    tab = new_tab(viewport=viewport).open(path)
    nodes = [node.id for node in bundle.manifest.nodes]
    assert {"__proto__", "n" * 10_000, "constructor/toString", IMAGE} <= set(nodes)
    for id in nodes:
        tab.page.evaluate("(id) => window.tensorview.select(id)", id)
        assert tab.state()["selected"] == id
        label = bundle.node(id).label
        assert tab.page.locator(".inspector h2").text_content() == label
    if viewport is DESKTOP:  # the model inside is folded; all else has its row
        labels = tab.page.locator(".tree .label").all_text_contents()
        assert set(labels) >= {bundle.node(id).label for id in nodes if "constructor/" not in id}
    tab.page.reload()
    tab.page.wait_for_function("() => window.tensorview")
    tab.settle()
    assert tab.state()["selected"] == nodes[-1]
    assert tab.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "a long name widens the page"
    assert tab.page.locator("img").count() == 0
    assert tab.page.evaluate("() => window.hurt") is None
    assert tab.page.evaluate("() => ({}).polluted === undefined && Object.keys(Object.prototype).length === 0")
    expect(tab.page).to_have_title(bundle.manifest.title)
