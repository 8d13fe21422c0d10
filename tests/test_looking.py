"""What layers look for, in an exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Example, model_path
from PIL import Image

import tensorview as tv
from tensorview import looking
from tensorview.cli import main


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "STEPS", 4)
    monkeypatch.setattr(looking, "CHANNELS", 5)


@pytest.mark.usefixtures("few")
def test_a_file_holds_what_channels_look_for(tmp_path: Path, lenet: Example) -> None:
    model = tv.load_model(lenet.path)
    page = tmp_path / "page.html"
    tv.export(model, lenet.inputs[:2], page, features=("conv_2",), examples=lenet.inputs, methods=())
    bundle = tv.open_bundle(page)
    [feature] = bundle.manifest.features
    maps = tv.trace(model, lenet.inputs[:2]).activation("conv_2")
    assert feature.node == "conv_2"
    assert list(feature.channels) == sorted(np.argsort(-maps.max((0, 1, 2)), kind="stable")[:5].tolist())
    made = tv.visualize(model, f"channel:conv_2:{','.join(map(str, feature.channels))}", steps=4)
    np.testing.assert_array_equal(bundle.tensor(feature.pictures), made.images)
    np.testing.assert_allclose(feature.scores, made.score, rtol=1e-4)
    found = tv.top_patches(model, lenet.inputs, "conv_2")
    assert feature.patches is not None and feature.projections is not None and feature.seen == len(lenet.inputs)
    assert feature.patches.shape == feature.projections.shape == (5, 9, 32, 32, 1)
    for place, channel in enumerate(feature.channels):
        patches = found.patches(channel)
        np.testing.assert_allclose(feature.values[place], [patch.value for patch in patches], rtol=1e-6)
        assert list(feature.names[place]) == [patch.name for patch in patches]
        first = Image.fromarray(patches[0].picture[..., 0]).resize((32, 32), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(bundle.tensor(feature.patches)[place, 0, ..., 0], np.asarray(first))


@pytest.mark.usefixtures("few")
def test_export_takes_layers_and_a_folder(tmp_path: Path, lenet: Example) -> None:
    folder = tmp_path / "examples"
    folder.mkdir()
    for i, one in enumerate(lenet.inputs[:3]):
        Image.fromarray(np.rint(one[..., 0] * 255).astype(np.uint8)).save(folder / f"{i}.png")
    out = tmp_path / "page.tview"
    arguments = ["export", str(lenet.path), "-i", str(folder / "0.png"), "-o", str(out), "--methods", "none"]
    assert main([*arguments, "--features", "conv_1, conv_2", "--examples", str(folder)]) == 0
    manifest = tv.open_bundle(out).manifest
    assert [feature.node for feature in manifest.features] == ["conv_1", "conv_2"]
    assert manifest.features[0].names[0][0] in {"0.png", "1.png", "2.png"}


def test_a_file_holds_a_map_of_a_layer(tmp_path: Path, lenet: Example) -> None:
    model = tv.load_model(lenet.path)
    atlas = tv.activation_atlas(
        model, lenet.inputs, "conv_2", cells=3, least=1, layout=lambda found: found[:, :2], size=None, steps=2
    )
    names = [f"digit {index}" for index in range(10)]
    page = tmp_path / "page.html"
    tv.export(model, lenet.inputs[:1], page, atlases=[atlas], labels=names, methods=())
    bundle = tv.open_bundle(page)
    [held] = bundle.manifest.atlases
    assert (held.node, held.cells, held.seen) == ("conv_2", 3, len(lenet.inputs))
    np.testing.assert_array_equal(held.places, atlas.places)
    assert sum(held.counts) == atlas.counts.sum() == len(lenet.inputs)
    assert held.labels == tuple(names[label] for label in atlas.labels)
    np.testing.assert_array_equal(bundle.tensor(held.pictures), atlas.made.images)


@pytest.mark.parametrize(("options", "said"), [
    (["--features", "conv_3"], "did you mean"), (["--examples", "."], "examples are for features and atlases"),
    (["--features", "digit"], "no channels"), (["--atlas", "conv_1"], "give them as examples"),
])  # fmt: skip
def test_what_is_wrong_is_said(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lenet = model_path("lenet_mnist")
    assert main(["export", str(lenet), "-o", str(tmp_path / "x.html"), *options]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
