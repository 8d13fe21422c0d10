"""Bundles: written whole in four formats, read back equal, refused when damaged, reduced as they say."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import Example, load_example
from keras import layers

import tensorview as tv
from tensorview import formats
from tensorview.bundle import Bundle
from tensorview.errors import BundleError, OptionError, OutputError
from tensorview.exporting import make_bundle
from tensorview.manifest import Weight

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    lenet = load_example("lenet_mnist")
    folder = tmp_path_factory.mktemp("lenet")
    paths = {"html": folder / "l.html", "folder": folder / "l", "tview": folder / "l.tview", "json": folder / "l.json"}
    for format, path in paths.items():
        tv.export(lenet.model, lenet.inputs[:3], path, format=format)  # type: ignore[arg-type]
    return paths


@pytest.mark.parametrize("format", ["html", "folder", "tview"])
def test_every_format_reads_back_the_same(exported: dict[str, Path], format: str, lenet: Example) -> None:
    bundle = tv.open_bundle(exported[format])
    trace = tv.trace(lenet.model, lenet.inputs[:3])
    for node in trace.nodes:
        own, kept = trace.activation(node.id), bundle.activation(node.id)
        assert kept.shape == own.shape
        spread = np.ptp(own, axis=tuple(range(1, own.ndim - 1)), keepdims=True) if own.ndim == 4 else 0
        assert (np.abs(kept - own) <= spread / 252 / 2 * 1.001 + 1e-6).all()
        np.testing.assert_array_equal(bundle.activation(node.id, sample=1), kept[1])


def test_predictions_are_the_models_own(exported: dict[str, Path], lenet: Example) -> None:
    outputs = lenet.model(lenet.inputs[:3]).numpy()
    for sample, own in zip(tv.open_bundle(exported["tview"]).manifest.samples, outputs, strict=True):
        [prediction] = sample.predictions
        assert prediction.kind == "classes"
        assert prediction.activation == "softmax"
        assert [score.index for score in prediction.top] == np.argsort(-own, kind="stable").tolist()
        np.testing.assert_allclose([score.value for score in prediction.top], np.sort(own)[::-1], rtol=1e-5)
        exp = np.exp([score.score or 0 for score in prediction.top])
        np.testing.assert_allclose(exp / exp.sum(), [score.value for score in prediction.top], rtol=1e-4, atol=1e-7)


def test_an_existing_output_is_kept_without_force(tmp_path: Path, lenet: Example) -> None:
    path = tmp_path / "kept.tview"
    path.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        tv.export(lenet.model, lenet.inputs[:1], path, format="tview")
    assert path.read_text() == "precious"
    tv.export(lenet.model, lenet.inputs[:1], path, format="tview", force=True)
    assert tv.open_bundle(path).manifest.model.name == "lenet_mnist"


def test_damaged_and_foreign_bundles_are_refused_in_one_line(exported: dict[str, Path], tmp_path: Path) -> None:
    html = exported["html"].read_bytes()
    archive = exported["tview"].read_bytes()
    with zipfile.ZipFile(tmp_path / "packed.tview", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("manifest.json", "0" * 1000)
    manifest = json.loads((exported["folder"] / "manifest.json").read_text())
    cases: dict[str, bytes] = {
        "cut.html": html[: len(html) // 2],
        "cut.tview": archive[: len(archive) // 2],
        "page.html": b"<html>hello</html>",
        "empty.tview": b"",
        "later.json": b"",
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BundleError) as caught:
            tv.open_bundle(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(BundleError, match="packed"):
        tv.open_bundle(tmp_path / "packed.tview")
    with pytest.raises(BundleError, match="does not exist"):
        tv.open_bundle(tmp_path / "nowhere.html")
    for change, message in (
        ({"format": 99}, "format 99"),
        ({"title": 5}, "manifest.title"),
        ({"blobs": [{"id": "../x", "size": 1, "stored": 1}]}, "odd name"),
        ({"blobs": [{"id": "zz", "size": 1, "stored": 1}]}, "'zz' is missing"),
    ):
        folder = tmp_path / message.replace(" ", "").replace("'", "")
        (folder / "blobs").mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(BundleError, match=message):
            tv.open_bundle(folder)


@pytest.mark.parametrize("change", [{"channel_axis": 7}, {"channel_axis": 2**40}, {"form": "row", "shape": [5, 5]}])
def test_values_that_do_not_fit_what_is_said_of_them(
    exported: dict[str, Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    shutil.copytree(exported["folder"], tmp_path / "odd")
    manifest = json.loads((tmp_path / "odd" / "manifest.json").read_text())
    next(node for node in manifest["nodes"] if node["id"] == "conv_1").update(change)
    (tmp_path / "odd" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="'conv_1' do not fit its shape"):
        tv.open_bundle(tmp_path / "odd").activation("conv_1")


def wide_model() -> Any:
    x = keras.Input((96, 96, 3), name="x")
    h = x
    for i in range(4):
        h = layers.Conv2D(32, 3, padding="same", use_bias=False, name=f"conv{i}")(h)
        h = layers.BatchNormalization(name=f"bn{i}")(h)
        h = layers.ReLU(name=f"relu{i}")(h)
    return keras.Model(x, layers.Dense(5, activation="softmax", name="y")(layers.GlobalAveragePooling2D()(h)))


@pytest.fixture(scope="module")
def wide() -> tuple[Any, np.ndarray]:
    keras.utils.set_random_seed(1)
    return wide_model(), np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 3)).astype("float32")


def test_the_byte_budget_is_met_and_the_reduction_told(tmp_path: Path, wide: tuple[Any, np.ndarray]) -> None:
    from tensorview.quantise import area_mean

    model, image = wide
    path = tmp_path / "small.tview"
    tv.export(model, image, path, format="tview", budget=0.8, methods=())
    bundle = tv.open_bundle(path)
    assert path.stat().st_size <= 0.8 * 2**20
    assert bundle.manifest.budget.limit == int(0.8 * 2**20)
    reduced = {reduction.node: reduction for reduction in bundle.manifest.budget.reductions}
    assert reduced
    trace = tv.trace(model, image)
    by_id = {node.id: node for node in bundle.manifest.nodes}
    for id, reduction in reduced.items():
        assert min(reduction.stored[1:]) >= 16
        own = np.moveaxis(trace.activation(id)[0], -1, 0)
        assert reduction.source == own.shape
        expected = area_mean(own, reduction.stored[1:])
        kept = np.moveaxis(bundle.activation(id, 0), -1, 0)
        spread = np.ptp(expected, axis=(1, 2), keepdims=True)
        # A ReLU that shares the codes of the layer before it has that one's step.
        if by_id[id].kind != "activation":
            assert (np.abs(kept - expected) <= spread / 252 * 0.53 + 1e-5).all()
    sizes = {id: reduction.stored[1] for id, reduction in reduced.items()}
    assert all(sizes.get(f"relu{i}", 96) <= sizes.get(f"conv{i}", 96) for i in range(4))


def test_full_reduces_nothing(tmp_path: Path, wide: tuple[Any, np.ndarray]) -> None:
    model, image = wide
    bundle = tv.export(model, image, tmp_path / "full.tview", format="tview", budget=0.1, full=True, methods=())
    assert bundle.manifest.budget.reductions == ()
    assert bundle.manifest.budget.limit is None
    assert bundle.activation("relu3").shape == (1, 96, 96, 32)


def test_followers_share_the_codes_of_their_convolution(wide: tuple[Any, np.ndarray]) -> None:
    from tensorview.exporting import make_bundle

    model, image = wide
    bundle = make_bundle(model, image, format="tview", budget=None, methods=())
    refs = {a.node: a.tensor for a in bundle.manifest.samples[0].activations}
    trace = tv.trace(model, image)
    for i in range(4):
        conv, norm, relu = (refs[f"{name}{i}"] for name in ("conv", "bn", "relu"))
        assert conv is not None and norm is not None and relu is not None
        assert (conv.blob, conv.offset) == (norm.blob, norm.offset) == (relu.blob, relu.offset)
        own, kept = trace.activation(f"relu{i}")[0], bundle.activation(f"relu{i}", 0)
        step = np.ptp(trace.activation(f"bn{i}")[0], axis=(0, 1)) / 252
        assert (np.abs(own - kept) <= step * 0.53 + 1e-6).all()
        assert (kept[own == 0] == 0).mean() > 0.99


def test_architecture_only(tmp_path: Path, lenet: Example) -> None:
    path = tmp_path / "a.html"
    tv.export(lenet.model, None, path)
    bundle = tv.open_bundle(path)
    assert bundle.manifest.samples == ()
    assert [node.id for node in bundle.manifest.nodes][:2] == ["digit", "conv_1"]
    with pytest.raises(BundleError, match="architecture only"):
        bundle.activation("conv_1")


def test_what_is_known_of_a_model_without_a_run_is_said_once(tmp_path: Path) -> None:
    any_size = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3)])
    notes = tv.export(any_size, None, tmp_path / "x.tview", format="tview").manifest.notes
    assert len(notes) == len(set(notes)) == 1


def test_the_precision_in_json_is_a_distance(tmp_path: Path) -> None:
    conv, norm = keras.layers.Conv2D(2, 3, name="conv"), keras.layers.BatchNormalization(name="norm")
    model = keras.Sequential([keras.Input((16, 16, 3)), conv, norm])
    norm.gamma.assign([-1.0, 2.0])  # falls as the convolution rises, and is kept as a line of its codes
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 3)).astype("float32")
    tv.export(model, x, tmp_path / "x.json", format="json")
    [entry] = [
        e for e in json.loads((tmp_path / "x.json").read_text())["samples"][0]["activations"] if e["node"] == "norm"
    ]
    off = np.abs(np.array(entry["values"]) - tv.trace(model, x).activation("norm")[0]).max(axis=(0, 1))
    assert (off <= np.array(entry["precision"]) * 1.001 + 1e-6).all()


def test_json_is_plain_numbers(exported: dict[str, Path], lenet: Example) -> None:
    data = json.loads(exported["json"].read_text())
    trace = tv.trace(lenet.model, lenet.inputs[:3])
    assert data["format"] == "tensorview-json-1"
    for index, sample in enumerate(data["samples"]):
        for entry in sample["activations"]:
            own = trace.activation(entry["node"])[index]
            kept = np.array(entry["values"])
            assert kept.shape == own.shape
            half = np.array(entry["precision"])
            assert (np.abs(kept - own) <= half * 1.001 + 1e-6 * np.abs(own) + 1e-7).all()
    kernel = next(w for n in data["nodes"] if n["id"] == "conv_1" for w in n["weights"] if w["name"] == "kernel")
    own_kernel = lenet.model.get_layer("conv_1").kernel.numpy().transpose(3, 2, 0, 1)
    np.testing.assert_allclose(np.array(kernel["values"]), own_kernel, atol=max(kernel["precision"]) * 1.01 + 1e-6)
    cam = next(a for a in data["attributions"] if a["method"] == "grad_cam" and a["sample"] == 0)
    expected = tv.attribute(lenet.model, lenet.inputs[:1], method="grad_cam", target=cam["target"]).values[0]
    np.testing.assert_allclose(np.array(cam["inputs"][0]["values"])[0], expected, atol=1 / 252)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pdf"}, "html, folder, tview, json"),
        ({"budget": 0}, "above 0"),
        ({"budget": math.inf}, "above 0"),
        ({"methods": ("magic",)}, "magic"),
    ],
)
def test_unknown_options_are_refused_before_anything_is_written(
    tmp_path: Path, lenet: Example, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        tv.export(lenet.model, lenet.inputs[:1], tmp_path / "x.html", **options)
    assert list(tmp_path.iterdir()) == []


def test_typescript_types_are_those_of_the_schema() -> None:
    script = ROOT / "web_static" / "scripts" / "manifest_types.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True, env=env).stdout
    assert made == (ROOT / "web_static" / "src" / "bundle" / "manifest.gen.ts").read_text()


def test_a_date_that_is_none_is_one_line(tmp_path: Path, lenet: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(OptionError, match="seconds since 1970"):
        tv.export(lenet.model, lenet.inputs[:1], tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_one_method_may_be_named_alone(tmp_path: Path, lenet: Example) -> None:
    bundle = tv.export(lenet.model, lenet.inputs[:1], tmp_path / "x.tview", format="tview", methods="saliency")
    assert [method.name for method in bundle.manifest.methods] == ["saliency"]


def test_a_signed_map_keeps_both_its_sides(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2, 4, 1), name="x"), layers.Flatten(), layers.Dense(1, use_bias=False)])
    methods = ("gradient_input", "saliency")
    weights = np.array([4, -8, 0, 2, -1, 0.5, -0.25, 0], "float32")
    model.layers[-1].set_weights([weights[:, None]])
    bundle = tv.export(model, np.ones((1, 2, 4, 1), "float32"), tmp_path / "x.tview", format="tview", methods=methods)
    maps = {item.method: item.inputs[0] for item in bundle.manifest.attributions}
    both, size = maps["gradient_input"], maps["saliency"]
    assert (both.signed, both.blank, both.peak) == (True, False, 8.0)
    shown = bundle.tensor(both.tensor)[0]
    np.testing.assert_allclose(shown.ravel() * both.peak, weights, atol=8 / 126 / 2)
    assert shown.ravel()[2] == 0, "zero is met exactly"
    assert not size.signed
    np.testing.assert_allclose(bundle.tensor(size.tensor).ravel() * size.peak, np.abs(weights), atol=8 / 252 / 2)


def test_a_map_that_only_speaks_against_the_target_is_not_blank(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1, use_bias=False)])
    model.layers[-1].set_weights([-np.ones((4, 1), "float32")])
    bundle = tv.export(
        model, np.ones((1, 2, 2, 1), "float32"), tmp_path / "x.tview", format="tview", methods=("gradient_input",)
    )
    [item] = bundle.manifest.attributions
    assert not item.inputs[0].blank
    np.testing.assert_array_equal(bundle.tensor(item.inputs[0].tensor), -np.ones((1, 2, 2), "float32"))


def test_weights_take_the_room_that_they_are_given() -> None:
    """Small layers whole before large ones; of those whole filters, first those of the predicted classes."""
    x = keras.Input((6, 6, 3), name="x")
    y = keras.layers.Conv2D(40, 3, name="small")(x)
    y = keras.layers.Flatten()(y)
    y = keras.layers.Dense(600, name="large")(y)
    y = keras.layers.Softmax(name="classes")(y)
    model, inputs = keras.Model(x, y), np.random.default_rng(3).normal(size=(2, 6, 6, 3)).astype(np.float32)

    def kernel(bundle: Bundle, id: str) -> Weight:
        return next(weight for weight in bundle.node(id).weights if weight.name == "kernel")

    some = make_bundle(model, inputs, methods=(), weights=0.05)
    assert kernel(some, "small").kept is None
    large = kernel(some, "large")
    assert large.tensor is not None
    assert large.kept is not None
    assert large.tensor.source == (640, 600)
    best = {prediction.top[0].index for sample in some.manifest.samples for prediction in sample.predictions}
    assert best <= set(large.kept)
    own = model.get_layer("large").kernel.numpy()[:, list(large.kept)]
    np.testing.assert_allclose(some.tensor(large.tensor), own, atol=np.ptp(own, axis=1).max() / 252 / 2 + 1e-6)
    every = make_bundle(model, inputs, methods=(), weights=None)
    assert kernel(every, "large").kept is None
    assert every.tensor(kernel(every, "large").tensor).shape == (640, 600)  # type: ignore[arg-type]
    none = make_bundle(model, inputs, methods=(), weights=0)
    assert kernel(none, "small").tensor is None
    assert not [blob.id for blob in none.manifest.blobs if blob.id.startswith("w")]


def test_pages_of_version_0_1_open(tmp_path: Path, lenet: Example) -> None:
    bundle = make_bundle(lenet.model, lenet.inputs[:1], methods=())
    path = tmp_path / "page.html"
    formats.write(bundle, path, "html")
    plain = bundle.manifest_json().replace("<", "\\u003c")
    packed = re.compile(r'<script type="application/octet-stream;base64" id="tensorview-manifest".*?</script>')
    script = f'<script type="application/json" id="tensorview-manifest">{plain}</script>'
    path.write_text(packed.sub(lambda _: script, path.read_text()))
    assert tv.open_bundle(path).manifest == bundle.manifest
