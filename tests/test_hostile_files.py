"""Files made to harm: each is refused in one line before it takes memory, time, or anything outside itself."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from modelfiles import refused, rewrite, small_model, weights_replaced

from tensorview.errors import InputError, ModelError, TraceError
from tensorview.fast.walk import read
from tensorview.inputs import read_inputs
from tensorview.loading import load_model
from tensorview.tracing import trace

ROUNDS = 60


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.keras"
    small_model().save(path)
    return path


def test_an_encrypted_member(good: Path, tmp_path: Path) -> None:
    data = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as archive:
        start = archive.start_dir
    data[start + 8] |= 1  # the flags of the first member in the list
    path = tmp_path / "secret.keras"
    path.write_bytes(bytes(data))
    assert "encrypted" in refused(path)


def test_a_member_twice(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.keras"
    path.write_bytes(good.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    assert "twice" in refused(path)


def test_a_link_in_the_archive(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "link.keras"
    path.write_bytes(good.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("assets")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc")
    assert "link to another file" in refused(path)


def test_a_list_of_members_without_end(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(2_000):
            archive.writestr(f"{index:05}" + "x" * 9_000, b"")
    assert "more files than any model" in refused(path)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_a_member_that_is_missing(good: Path, tmp_path: Path, member: str) -> None:
    path = tmp_path / "less.keras"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            if info.filename != member:
                new.writestr(info, old.read(info))
    assert member in refused(path)


def test_weights_that_are_compressed_by_others_load_all_the_same(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "packed.keras"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(load_model(path)(x), load_model(good)(x))


@pytest.mark.parametrize("layer", ["Dense", "EinsumDense", "Embedding"])
def test_a_size_that_the_weights_do_not_have(tmp_path: Path, good: Path, layer: str) -> None:
    def grow(config: dict[str, Any]) -> None:
        made = {
            "Dense": {"units": 2_000_000_000},
            "Embedding": {"input_dim": 2_000_000_000, "output_dim": 1},
            "EinsumDense": {"equation": "ab,bc->ac", "output_shape": [2_000_000_000]},
        }
        config["config"]["layers"][1].update(class_name=layer, config={"name": "big", **made[layer]}, build_config=None)

    text = refused(rewrite(good, tmp_path / "big.keras", grow))
    assert "2,000,000,000" in text
    assert "numbers are in" in text


def test_sizes_that_are_each_small_and_together_huge(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(40_000), keras.layers.Dense(1)]).save(tmp_path / "a.keras")

    def grow(config: dict[str, Any]) -> None:
        config["config"]["layers"][2]["config"]["units"] = 40_000  # 1.6 billion weights between the two

    assert "declares more weights than it holds" in refused(rewrite(tmp_path / "a.keras", tmp_path / "b.keras", grow))
    assert load_model(tmp_path / "a.keras").count_params() == 120_001


def test_an_input_without_end(tmp_path: Path, good: Path) -> None:
    def grow(config: dict[str, Any]) -> None:
        config["config"]["layers"][0]["config"]["batch_shape"] = [None, 100_000, 100_000, 3]

    assert "30,000,000,000 numbers" in refused(rewrite(good, tmp_path / "big.keras", grow))


@pytest.mark.parametrize(
    ("layer", "place", "says"),
    [(1, "dense_nowhere", "takes a result of 'dense_nowhere' that there is not"), (1, "last", "form a circle")],
)
def test_wires_that_lead_nowhere(tmp_path: Path, layer: int, place: str, says: str) -> None:
    x = keras.Input((4,), name="x")
    keras.Model(x, keras.layers.Dense(2, name="last")(keras.layers.Dense(4, name="a")(x))).save(tmp_path / "a.keras")

    def rewire(config: dict[str, Any]) -> None:
        call = config["config"]["layers"][layer]["inbound_nodes"][0]
        call["args"][0]["config"]["keras_history"][0] = place

    assert says in refused(rewrite(tmp_path / "a.keras", tmp_path / "b.keras", rewire))


def _repeat(x: Any) -> Any:
    return keras.layers.RepeatVector(2_000_000_000, name="many")(x)


def _category(x: Any) -> Any:
    return keras.layers.CategoryEncoding(2_000_000_000, output_mode="multi_hot", name="many")(x)


def _resize(x: Any) -> Any:
    return keras.layers.Resizing(1_000_000, 1_000_000, name="many")(keras.ops.reshape(x, (-1, 2, 2, 1)))


def _pad(x: Any) -> Any:
    return keras.layers.ZeroPadding1D(1_000_000_000, name="many")(keras.ops.reshape(x, (-1, 4, 1)))


@pytest.mark.parametrize("grow", [_repeat, _category, _resize, _pad])
def test_a_layer_without_weights_that_returns_without_end(grow: Any) -> None:
    x = keras.Input((4,), name="x")
    with pytest.raises(TraceError, match=r"'many' returns [\d,]+ numbers a sample"):
        trace(keras.Model(x, grow(x)), np.ones((1, 4), np.float32))


def test_work_without_end(tmp_path: Path, good: Path) -> None:
    def repeat(config: dict[str, Any]) -> None:
        dense = config["config"]["layers"][1]
        config["config"]["layers"][1] = {
            "class_name": "SpectralNormalization",
            "config": {"layer": dense, "power_iterations": 10**9},
        }

    assert "power_iterations" in refused(rewrite(good, tmp_path / "slow.keras", repeat))


def test_a_small_weights_file_that_unpacks_to_a_large_one(tmp_path: Path) -> None:
    def packed(file: h5py.File) -> None:
        made = file.create_dataset("x", (0,), "f4", maxshape=(None,), chunks=(2**24,), compression="gzip")
        made.resize((2**26,))
        made[0] = 1.0

    text = refused(weights_replaced(tmp_path, packed))
    assert "decompression bomb" in text
    assert "268,435,456" in text


def test_a_chunk_that_is_larger_than_what_is_in_it(tmp_path: Path) -> None:
    def chunk(file: h5py.File) -> None:
        file.create_dataset("x", (1,), "f4", maxshape=(None,), chunks=(2**28,), compression="gzip")

    assert "1,073,741,824 bytes" in refused(weights_replaced(tmp_path, chunk))


@pytest.mark.parametrize("link", [h5py.SoftLink("/layers"), h5py.ExternalLink("other.h5", "/x")])
def test_links_in_the_weights(tmp_path: Path, link: Any) -> None:
    def fill(file: h5py.File) -> None:
        file.create_group("layers")
        file["elsewhere"] = link

    assert "link to elsewhere" in refused(weights_replaced(tmp_path, fill))


def test_weights_made_of_other_files(tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        file.create_virtual_dataset("x", layout)

    assert "other files" in refused(weights_replaced(tmp_path, fill))


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.json"])
def test_a_pipe_that_nobody_writes_into(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert "is a pipe" in refused(tmp_path / name, weights="none")
    with pytest.raises(ModelError, match="is a pipe"):
        read(tmp_path / name)
    os.mkfifo(tmp_path / "x.npy")
    with pytest.raises(InputError, match="is a pipe"):
        read_inputs(small_model(), [tmp_path / "x.npy"])


@pytest.mark.parametrize("config", [{}, None, "x"])
def test_a_model_that_lists_no_layers(tmp_path: Path, good: Path, config: Any) -> None:
    rewrite(good, tmp_path / "m.keras", lambda whole: {**whole, "config": config})
    refused(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="lists no layers"):
        read(tmp_path / "m.keras")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "no valid JSON"),
        (b"null", "no Keras model"),
        (b"\xff\xfe\x00", "no valid JSON"),
        (b"[1, 2", "no valid JSON"),
        (b'{"class_name": "Sequential", "config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
        (b'{"class_name": "Sequential", "config": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, "nested too deep"),
        (b'{"class_name": "x", "config": [' + b"0," * 4_000_001 + b"0]}", "more than 4,000,000 values"),
    ],
)
def test_configurations_that_are_none(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", _no_weights())
    assert says in refused(path)


@pytest.mark.parametrize("value", [3, np.zeros(4), [b"a", b"b"], "{}", "not json"])
def test_an_h5_whose_configuration_is_no_text(tmp_path: Path, value: Any) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file.attrs["model_config"] = value
    refused(tmp_path / "odd.h5")


def test_an_attribute_that_is_larger_than_any_list_of_names(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "texts.h5", "w", libver="latest") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {}})
        file.attrs.create("layer_names", np.zeros(300_000, "S1"))
    assert "layer_names" in refused(tmp_path / "texts.h5")


def _no_weights() -> bytes:
    made = io.BytesIO()
    h5py.File(made, "w").close()
    return made.getvalue()


FUZZ = """
import resource, sys, time, warnings
from pathlib import Path
import numpy as np
import tensorview as tv
import keras
warnings.simplefilter("ignore")
good, rounds = Path(sys.argv[1]), int(sys.argv[2])
data = np.frombuffer(good.read_bytes(), np.uint8)
tv.load_model(good)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
random, told, loaded = np.random.default_rng(7), 0, 0
for turn in range(rounds):
    bad = data.copy()
    if turn % 3 == 0:
        bad = bad[: random.integers(len(bad))]
    else:  # the heads and tables of these formats are at the start and at the end
        size = len(bad) if turn % 3 == 1 else 2_000
        at = random.integers(0, size, random.integers(1, 6))
        bad[at if turn % 2 else -1 - at] = random.integers(0, 256, len(at))
    path = good.with_name("fuzzed" + good.suffix)
    path.write_bytes(bad.tobytes())
    keras.utils.clear_session()
    start = time.perf_counter()
    try:
        tv.load_model(path)
        loaded += 1
    except tv.TensorviewError as error:
        told += 1
        assert "\\n" not in str(error) and len(str(error)) < 700, error
    assert time.perf_counter() - start < 20, turn
print(told, loaded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_damage_of_any_kind_is_told_or_harmless(tmp_path: Path, suffix: str) -> None:
    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2))
    model.save(tmp_path / f"good{suffix}")
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(tmp_path / f"good{suffix}"), str(ROUNDS)],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    told, loaded, kilobytes = map(int, done.stdout.split())
    assert told + loaded == ROUNDS
    assert told > ROUNDS // 3
    assert kilobytes < 500_000
