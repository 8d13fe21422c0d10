"""The command line: quick help, one line for what goes wrong, whole outputs, honest words about guesses."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Example
from PIL import Image

import tensorview
from tensorview.bundle import Bundle
from tensorview.cli import main
from tensorview.formats import open_bundle

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ok(*arguments: Any) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def fails(capsys: Captured, *arguments: Any) -> str:
    """The one line of an error, after checking that it is one and that nothing was left behind."""
    before = sorted(Path().iterdir())
    assert main([str(argument) for argument in arguments]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("tensorview: error: ")
    assert told.err.count("\n") == 1
    assert sorted(Path().iterdir()) == before
    return told.err


def process(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tensorview.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def size_of(name: str) -> tuple[int, int]:
    with Image.open(name) as image:
        return image.size


@pytest.fixture
def digit(tmp_path: Path, lenet: Example) -> Path:
    pixels = (np.asarray(lenet.inputs[7, :, :, 0]) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


# Start --------------------------------------------------------------------------------------------------------------


def test_help_is_quick_and_imports_no_tensorflow() -> None:
    code = (
        "import sys; from tensorview.cli import main; main(['--help']); main(['export', '--help']); "
        "print(sorted(set(sys.modules) & {'tensorflow', 'keras', 'numpy', 'flask', 'PIL'}))"
    )
    best = 9.9
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - start)
    assert done.stdout.endswith("[]\n")
    for command in ("export", "inspect", "attribute", "serve", "library", "demo"):
        assert command in done.stdout
    assert best < 0.5


def test_version(capsys: Captured) -> None:
    ok("--version")
    assert capsys.readouterr().out == f"tensorview {tensorview.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "COMMAND"),
        (["explode"], "invalid choice: 'explode'"),
        (["export"], "MODEL"),
        (["export", "m.keras", "--format", "pdf"], "invalid choice: 'pdf'"),
        (["export", "m.keras", "--budget", "much"], "invalid float value"),
        (["export", "m.keras", "--budget", "5", "--full"], "--full"),
        (
            ["export", "m.keras", "--weights-in-page", "much"],
            "takes a number of megabytes, all, or none",
        ),
        (["export", "m.keras", "--weights-in-page", "1", "--full"], "--full keeps all weights"),
        (["export", "m.keras", "-o", "page.pdf"], "--format"),
        (["export", "m.keras", "-i", "x.png", "--methods", "gradcam"], "grad_cam"),
        (["export", "none.keras"], "does not exist"),
        (["export", "m.keras", "-o", "no/such/folder.html"], "is not a folder"),
        (["export", "keras:ResNet49", "--weights", "none"], "ResNet50"),
        (["attribute", "m.keras", "--method", "grad_cam"], "-i"),
        (["attribute", "m.keras", "-i", "x.png", "--method", "magic"], "methods:"),
        (["attribute", "m.keras", "-i", "x.png", "-o", "heat.tiff"], ".png"),
        (["attribute", "m.keras", "-i", "x.png", "--set", "steps=3"], "no parameter"),
        (["serve", "none.html"], "does not exist"),
        (["serve", "none.tview", "-i", "x.png"], "bundle with its own input"),
        (["serve", "none.tview", "--preprocess", "raw"], "bundle with its own input"),
    ],
)
def test_wrong_arguments_are_one_line(capsys: Captured, arguments: list[str], says: str) -> None:
    assert says in fails(capsys, *arguments)


# Export -------------------------------------------------------------------------------------------------------------


def test_export_writes_a_page_named_after_the_model(capsys: Captured, lenet: Example, digit: Path) -> None:
    ok("export", lenet.path, "-i", digit)
    out = capsys.readouterr().out
    assert "0..1 (guessed: the model has no Rescaling layer); --preprocess chooses another" in out
    assert re.search(r"^seven: 7, \d+\.\d%$", out, re.MULTILINE)
    assert "lenet_mnist.html" in out
    bundle = open_bundle("lenet_mnist.html")
    assert bundle.manifest.samples[0].name == "seven"
    assert bundle.manifest.samples[0].predictions[0].top[0].index == 7
    assert bundle.manifest.inputs[0].guessed
    assert {info.name for info in bundle.manifest.methods} == {"grad_cam", "saliency"}


@pytest.mark.parametrize("name", ["out.tview", "out.json", "out.html"])
def test_the_outputs_name_chooses_the_format(lenet: Example, name: str) -> None:
    ok("export", lenet.path, "-i", lenet.input_path, "-o", name, "--methods", "none", "-q")
    start = Path(name).read_bytes()[:15]
    assert start.startswith({".tview": b"PK", ".json": b"{", ".html": b"<!doctype html>"}[Path(name).suffix])


def test_a_folder(lenet: Example) -> None:
    ok("export", lenet.path, "-i", lenet.input_path, "-o", "site", "--format", "folder", "-q")
    assert {path.name for path in Path("site").iterdir()} == {"index.html", "manifest.json", "blobs"}
    assert len(open_bundle("site").manifest.samples) == 10


def test_without_an_input_the_architecture_alone(lenet: Example) -> None:
    ok("export", lenet.path, "-o", "net.tview")
    manifest = open_bundle("net.tview").manifest
    assert manifest.samples == ()
    assert [node.layer for node in manifest.nodes][:2] == ["digit", "conv_1"]


def test_labels_title_and_target(capsys: Captured, lenet: Example, digit: Path) -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    Path("names.txt").write_text("\n".join(names))
    ok(
        "export",
        lenet.path,
        "-i",
        digit,
        "-o",
        "x.tview",
        "--labels",
        "names.txt",
        "--title",
        "<b>",
        "--target",
        "nine",
    )
    manifest = open_bundle("x.tview").manifest
    assert manifest.title == "<b>"
    assert manifest.samples[0].predictions[0].top[0].label == "seven"
    assert {info.target_label for info in manifest.attributions} == {"nine"}
    Path("few.txt").write_text("a\nb")
    assert "2 class names, but the model has 10" in fails(
        capsys, "export", lenet.path, "-i", digit, "--labels", "few.txt"
    )
    assert "--labels" in fails(capsys, "export", lenet.path, "-i", digit, "--target", "nine")
    assert "from 0 to 9" in fails(capsys, "export", lenet.path, "-i", digit, "--target", "10")


def test_an_existing_output_stays_without_force(capsys: Captured, lenet: Example) -> None:
    Path("lenet_mnist.html").write_text("mine")
    assert "--force" in fails(capsys, "export", lenet.path)
    assert Path("lenet_mnist.html").read_text() == "mine"
    ok("export", lenet.path, "--force", "-q")
    assert Path("lenet_mnist.html").read_bytes().startswith(b"<!doctype html>")


def test_inputs_that_do_not_fit(capsys: Captured, lenet: Example, digit: Path) -> None:
    np.save("big.npy", np.zeros((32, 32, 3)))
    assert "(28, 28, 1)" in fails(capsys, "export", lenet.path, "-i", "big.npy")
    assert "does not exist" in fails(capsys, "export", lenet.path, "-i", "none.png")
    assert "zero_one" in fails(capsys, "export", lenet.path, "-i", digit, "--preprocess", "squash")
    assert "can't be mixed" in fails(capsys, "export", lenet.path, "-i", digit, "-i", lenet.input_path)
    assert "--preprocess" in fails(capsys, "export", lenet.path, "--preprocess", "raw")


def test_quiet_is_quiet(lenet: Example) -> None:
    done = process("export", lenet.path, "-i", lenet.input_path, "-o", "x.tview", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_full_disk_leaves_nothing(capsys: Captured, lenet: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in fails(capsys, "export", lenet.path)


def test_a_file_that_may_not_grow_leaves_nothing(lenet: Example) -> None:
    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = process("export", lenet.path, "-i", lenet.input_path, "-o", "x.html", preexec_fn=small_files_only)
    assert done.returncode == 2
    assert done.stderr.startswith("tensorview: error: x.html could not be written")
    assert done.stderr.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_ctrl_c_leaves_nothing(lenet: Example, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    from tensorview import page

    def interrupted(_: Bundle) -> Any:
        yield b"<!doctype html>"
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "render", interrupted)
    assert main(["export", str(lenet.path)]) == 130
    assert capsys.readouterr().err == "tensorview: stopped\n"
    assert list(Path().iterdir()) == []


def test_a_polite_kill_leaves_nothing(lenet: Example) -> None:
    code = (
        "import os, signal, tensorview.cli as cli, tensorview.files as files\n"
        "cli.main = lambda: write()\n"
        "def write():\n"
        "    with files.whole_file('x.html') as file:\n"
        "        file.write(b'half')\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "cli.entry()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + signal.SIGTERM
    assert list(Path().iterdir()) == []


def test_what_a_small_budget_costs_is_said(capsys: Captured, coffee: Path) -> None:
    arguments = ("keras:MobileNet", "--weights", "none", "-i", coffee, "--budget", "2", "--methods", "none")
    ok("export", *arguments, "-o", "x.tview")
    out = capsys.readouterr().out
    assert re.search(
        r"^\d+ of \d+ layers have smaller maps here, down to \d+ px, for the limit of 2 MB", out, re.MULTILINE
    )


def test_a_target_without_an_input(capsys: Captured, lenet: Example) -> None:
    assert "-i" in fails(capsys, "export", lenet.path, "--target", "3")


def test_a_model_of_keras_applications(capsys: Captured, coffee: Path) -> None:
    ok("export", "keras:MobileNet", "--weights", "none", "-i", coffee, "-o", "x.tview", "--methods", "none")
    assert "keras.applications.mobilenet (its own)" in capsys.readouterr().out
    manifest = open_bundle("x.tview").manifest
    assert manifest.model.name == "MobileNet"
    assert manifest.labels is not None
    assert manifest.labels[967] == "espresso"
    assert "--weights is for keras:NAME" in fails(capsys, "export", "m.keras", "--weights", "none")


# The other commands -------------------------------------------------------------------------------------------------


def test_demo_reads_its_digits(capsys: Captured) -> None:
    ok("demo")
    out = capsys.readouterr().out
    assert "demo.html" in out
    samples = open_bundle("demo.html").manifest.samples
    assert [sample.predictions[0].top[0].index for sample in samples] == list(range(10))
    assert [sample.name for sample in samples] == [f"digit {i}" for i in range(10)]
    assert Path("demo.html").stat().st_size <= 1.2 * 2**20


def test_inspect_lists_every_call(capsys: Captured, lenet: Example) -> None:
    ok("inspect", lenet.path, "-i", lenet.input_path)
    out = capsys.readouterr().out
    [line] = [line for line in out.splitlines() if line.startswith("conv_2 ")]
    assert "10 × 10 × 16" in line
    assert "2,416" in line
    assert "240,000" in line
    assert "61,706 parameters" in out


def test_inspect_as_json(capsys: Captured, lenet: Example) -> None:
    ok("inspect", lenet.path, "-i", lenet.input_path, "--json")
    facts = json.loads(capsys.readouterr().out)
    layers = {layer["name"]: layer for layer in facts["layers"]}
    values = np.asarray(lenet.model.layers[0](lenet.inputs))
    assert layers["conv_1"]["range"] == pytest.approx([float(values.min()), float(values.max())], rel=1e-5)
    assert layers["conv_1"]["macs"] == 28 * 28 * 6 * 25
    assert sum(layer["parameters"] for layer in facts["layers"]) == lenet.model.count_params()
    ok("inspect", lenet.path, "--json")
    assert all(layer["range"] is None for layer in json.loads(capsys.readouterr().out)["layers"])


def test_a_terminal_without_all_letters_and_a_name_of_another_encoding(lenet: Example) -> None:
    name = os.fsdecode(b"caf\xe9.keras")
    shutil.copy(lenet.path, name)
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in (["inspect", name], ["export", name], ["export", name, "--format", "json"]):
        command = [sys.executable, "-m", "tensorview", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    assert open_bundle(os.fsdecode(b"caf\xe9.html")).manifest.title == "caf?"


def test_attribute_as_numbers_and_pictures(capsys: Captured, lenet: Example, digit: Path) -> None:
    ok("attribute", lenet.path, "-i", digit, "--method", "grad_cam", "-o", "heat.npy", "--target", "7")
    told = capsys.readouterr().out
    assert "class 7" in told
    assert "every class" not in told
    values = np.load("heat.npy")
    assert values.shape == (1, 28, 28)
    assert 0 <= values.min() <= values.max() <= 1
    ok("attribute", lenet.path, "-i", digit, "--method", "saliency", "-o", "heat.png", "-q")
    assert size_of("heat.png") == (28, 28)
    ok("attribute", lenet.path, "-i", digit, "-i", digit, "--layer", "conv_1", "-o", "two.png", "-q")
    assert Path("two-1.png").read_bytes() == Path("two-2.png").read_bytes()
    ok("attribute", lenet.path, "-i", digit, "--method", "eigen_cam", "-o", "eigen.png")
    assert "the map is the same for every class" in capsys.readouterr().out
    assert "no_such" in fails(capsys, "attribute", lenet.path, "-i", digit, "--layer", "no_such", "-o", "x.png")


def test_a_heat_map_has_the_photos_own_size(tmp_path: Path, lenet: Example) -> None:
    Image.new("RGB", (300, 100), (90, 90, 90)).save("wide.png")
    ok("attribute", lenet.path, "-i", "wide.png", "-o", "heat.png", "-q")
    assert size_of("heat.png") == (300, 100)


def test_a_reader_that_left_is_no_error(lenet: Example) -> None:
    command = f"{sys.executable} -m tensorview.cli inspect {lenet.path} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.needs("efficientnet_lite0")
def test_the_cup_is_what_speaks_for_espresso(efficientnet: Example, coffee: Path) -> None:
    ok(
        "attribute",
        efficientnet.path,
        "-i",
        coffee,
        "--labels",
        "imagenet",
        "--target",
        "espresso",
        "-o",
        "heat.npy",
        "-q",
    )
    heat = np.load("heat.npy")[0]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    x, y = (column + 0.5) / 224 * 600, (row + 0.5) / 224 * 400
    assert 172 <= x <= 408
    assert 18 <= y <= 308
    inside = np.zeros(heat.shape, bool)
    inside[int(18 / 400 * 224) : int(308 / 400 * 224), int(172 / 600 * 224) : int(408 / 600 * 224)] = True
    assert heat[inside].mean() >= 1.5 * heat[~inside].mean()
