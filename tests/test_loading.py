"""Model files: the right model from good ones, one clear line for all others, and never code from a file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import Example
from modelfiles import refused, rewrite, small_model, weights_replaced

from tensorview import modelfile
from tensorview.errors import ModelWarning, OptionError
from tensorview.loading import load_model, origin


def test_a_loaded_model_computes_what_it_computed_and_remembers_its_file(example: Example) -> None:
    expected = keras.models.load_model(example.path, compile=False)(example.inputs)
    for ours, theirs in zip(
        keras.tree.flatten(example.model(example.inputs)), keras.tree.flatten(expected), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    came = origin(example.model)
    assert came is not None
    assert came.file == example.path.name
    assert came.digest == hashlib.sha256(example.path.read_bytes()).hexdigest()


def test_legacy_h5(tmp_path: Path) -> None:
    model = small_model()
    model.save(tmp_path / "old.h5")
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(load_model(tmp_path / "old.h5")(x), model(x), rtol=1e-6)


def test_operations_in_an_h5_that_keras_itself_cannot_load(tmp_path: Path) -> None:
    ops, layers = keras.ops, keras.layers
    x = keras.Input((6, 4))
    h = layers.Dense(4)(x)
    h = (h + x) * 2.0 - layers.Embedding(6, 4)(ops.arange(6))
    h = ops.mean(ops.reshape(h, (-1, 2, 3, 4)), axis=1, keepdims=True)[:, 0, :2]
    left, right = ops.split(h, 2, axis=-1)
    h = ops.einsum("bij,bkj->bik", ops.where(left > right, left, right), ops.softmax(left))
    inner = keras.Model(x, ops.transpose(ops.concatenate([h, h], axis=-1), (0, 2, 1)))
    y = keras.Input((3, 6, 4))
    h = layers.Concatenate()([layers.TimeDistributed(inner)(y), layers.TimeDistributed(inner)(y) * 0.5])
    model = keras.Model(y, layers.Dense(2)(h))
    model.save(tmp_path / "ops.h5")
    with pytest.raises((TypeError, ValueError)):
        keras.models.load_model(tmp_path / "ops.h5")
    values = np.random.default_rng(7).normal(size=(2, 3, 6, 4)).astype("float32")
    np.testing.assert_array_equal(load_model(tmp_path / "ops.h5")(values), model(values))


def test_layers_in_an_h5_that_keras_itself_reads_wrong(tmp_path: Path) -> None:
    layers = keras.layers
    x = keras.Input((4, 6))
    attended = layers.Attention()([x, x])
    norm = layers.LayerNormalization(axis=[1, 2], gamma_initializer="normal", gamma_regularizer="l2")(attended)
    model = keras.Model(x, layers.UnitNormalization(axis=[1, 2])(norm))
    model.save(tmp_path / "m.h5")
    with pytest.raises((TypeError, ValueError)):
        keras.models.load_model(tmp_path / "m.h5")
    values = np.random.default_rng(7).normal(size=(2, 4, 6)).astype("float32")
    np.testing.assert_array_equal(load_model(tmp_path / "m.h5")(values), model(values))


def test_a_feature_space_in_an_h5(tmp_path: Path) -> None:
    space = keras.utils.FeatureSpace({"age": "float_normalized", "size": "float"}, output_mode="concat")
    table = {"age": np.array([20.0, 40.0]), "size": np.array([1.0, 2.0])}
    space.adapt(tf.data.Dataset.from_tensor_slices(table).batch(2))
    model = keras.Model(dict(space.get_inputs()), keras.layers.Dense(2)(space.get_encoded_features()))
    model.save(tmp_path / "m.h5")
    given = {name: tf.constant(column[:, None]) for name, column in table.items()}
    np.testing.assert_array_equal(load_model(tmp_path / "m.h5")(given), model(given))


@pytest.mark.parametrize("layer", ["StringLookup", "TextVectorization"])
def test_a_vocabulary_that_an_h5_does_not_keep(tmp_path: Path, layer: str) -> None:
    """Keras loads it without a word, and all words are unknown then."""
    look = getattr(keras.layers, layer)(name="look")
    look.adapt(np.array([["cook"], ["clerk"]]))
    x = keras.Input((1,), dtype="string")
    model = keras.Model(x, keras.layers.Embedding(4, 2)(look(x)))
    model.save(tmp_path / "m.h5")
    assert "lacks the vocabulary" in refused(tmp_path / "m.h5")
    model.save(tmp_path / "m.keras")
    words = tf.constant([["clerk"]])
    np.testing.assert_array_equal(load_model(tmp_path / "m.keras")(words), model(words))


def test_a_lambda_beside_operations_in_an_h5_is_refused(tmp_path: Path) -> None:
    x = keras.Input((3,))
    keras.Model(x, keras.layers.Lambda(lambda t: t + 1, output_shape=(3,))(x * 2.0)).save(tmp_path / "l.h5")
    assert "--unsafe" in refused(tmp_path / "l.h5")
    with pytest.warns(ModelWarning, match="holds Python code"):
        model = load_model(tmp_path / "l.h5", safe_mode=False)
    np.testing.assert_array_equal(model(np.ones((1, 3))), np.full((1, 3), 3.0))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.keras", None, "does not exist"),
        ("empty.keras", b"", "is empty"),
        ("foreign.keras", b"hello, this is text", "neither a .keras archive nor an HDF5 file"),
        ("net.onnx", b"\x08\x07\x12\x07pytorch", "ONNX"),
        ("net.pt", b"PK\x05\x06" + b"\0" * 18, "PyTorch"),
        ("run.tview", b"PK\x05\x06" + b"\0" * 18, "neither a .keras archive"),
        ("net.tflite", b"\x1c\0\0\0TFL3....", "TensorFlow Lite"),
        ("cut.keras", b"PK\x03\x04" + b"\0" * 40, "damaged or cut short"),
        ("cut.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "damaged or cut short"),
    ],
)
def test_files_that_are_no_models(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert says in refused(path)


def test_a_folder_and_a_saved_model(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert "SavedModel" in refused(tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_model(tmp_path: Path, lenet: Example, share: float) -> None:
    data = lenet.path.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(data[: int(len(data) * share)])
    assert "damaged or cut short" in refused(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_h5(tmp_path: Path, share: float) -> None:
    keras.Sequential([keras.Input((64,)), keras.layers.Dense(64)]).save(tmp_path / "whole.h5")
    data = (tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(data[: int(len(data) * share)])
    assert "damaged or cut short" in refused(path)


def test_flipped_bytes_are_found(tmp_path: Path, lenet: Example) -> None:
    data = bytearray(lenet.path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path = tmp_path / "bad.keras"
    path.write_bytes(bytes(data))
    assert "damaged" in refused(path)


def test_a_file_of_a_newer_keras_says_so(tmp_path: Path) -> None:
    small_model().save(tmp_path / "good.keras")
    path = rewrite(
        tmp_path / "good.keras", tmp_path / "new.keras", lambda c: c["config"]["layers"][1]["config"].update(new=1)
    )
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "newer.keras", "w") as new:
        for info in old.infolist():
            new.writestr(info, b'{"keras_version": "99.0"}' if info.filename == "metadata.json" else old.read(info))
    assert "saved by Keras 99.0" in refused(tmp_path / "newer.keras")


def test_a_zip_that_is_no_model(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.keras", "w") as archive:
        archive.writestr("photo.txt", "hello")
    assert "without config.json" in refused(tmp_path / "photos.keras")


def test_the_wrong_ending_says_which_is_right(tmp_path: Path, lenet: Example) -> None:
    shutil.copy(lenet.path, tmp_path / "model.zip")
    assert ".keras" in refused(tmp_path / "model.zip")
    shutil.copy(lenet.path, tmp_path / "MODEL.KERAS")  # Keras itself looks at the ending's letters as they are
    assert "does not end in .keras" in refused(tmp_path / "MODEL.KERAS")


def test_of_keras_own_account_the_cause_is_told(tmp_path: Path) -> None:
    small_model().save(tmp_path / "good.keras")
    path = rewrite(
        tmp_path / "good.keras", tmp_path / "bad.keras", lambda c: c["config"]["layers"][1]["config"].update(units=-2)
    )
    text = refused(path)
    assert "strictly positive" in text or "positive integer" in text
    assert "deserialized" not in text


def test_h5_weights_alone_are_no_model(tmp_path: Path) -> None:
    small_model().save_weights(tmp_path / "only.weights.h5")
    assert "weights only" in refused(tmp_path / "only.weights.h5")


def test_a_lambda_is_refused_and_never_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2, name="double")])
    model.save(tmp_path / "lambda.keras")
    text = refused(tmp_path / "lambda.keras")
    assert "Lambda" in text
    assert "'double'" in text


def test_a_lambda_in_a_legacy_file_is_refused(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]).save(tmp_path / "lambda.h5")
    assert "Lambda" in refused(tmp_path / "lambda.h5")


@keras.saving.register_keras_serializable("tests")
class Doubles(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2


def test_a_registered_class_loads_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), Doubles()]).save(tmp_path / "own.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "own.keras")(np.ones((1, 4))), 2 * np.ones((1, 4)))

    def rename(config: dict[str, Any]) -> None:
        layer = config["config"]["layers"][1]
        layer["class_name"], layer["registered_name"], layer["module"] = "Triples", "tests>Triples", "mine"

    path = rewrite(tmp_path / "own.keras", tmp_path / "foreign.keras", rename)
    text = refused(path)
    assert "'Triples'" in text
    assert "custom_objects" in text
    again = load_model(path, custom_objects={"tests>Triples": Doubles, "Triples": Doubles})
    np.testing.assert_array_equal(again(np.ones((1, 4))), 2 * np.ones((1, 4)))


def test_a_custom_loss_is_no_reason_to_refuse(tmp_path: Path) -> None:
    def own_loss(wanted: Any, given: Any) -> Any:
        return keras.ops.mean(wanted - given)

    model = small_model()
    model.compile(loss=own_loss, optimizer="adam")
    model.save(tmp_path / "compiled.keras")
    assert load_model(tmp_path / "compiled.keras").count_params() == 15


@pytest.mark.parametrize(
    ("module", "class_name"),
    [("os", "system"), ("builtins.__dict__", "eval"), ("tensorflow.io", "read_file"), ("subprocess", "Popen")],
)
def test_a_config_that_names_foreign_code_is_refused(tmp_path: Path, module: str, class_name: str) -> None:
    small_model().save(tmp_path / "good.keras")

    def poison(config: dict[str, Any]) -> None:
        layer = config["config"]["layers"][1]
        layer.update(class_name=class_name, registered_name=class_name, module=module, config={"command": "id"})

    text = refused(rewrite(tmp_path / "good.keras", tmp_path / "bad.keras", poison))
    assert f"'{class_name}'" in text


def test_a_vocabulary_file_is_not_read(tmp_path: Path) -> None:
    small_model().save(tmp_path / "good.keras")
    (tmp_path / "secret.txt").write_text("secret")

    def poison(config: dict[str, Any]) -> None:
        layer = config["config"]["layers"][1]
        layer.update(
            class_name="StringLookup", registered_name=None, config={"vocabulary": str(tmp_path / "secret.txt")}
        )

    assert "another file" in refused(rewrite(tmp_path / "good.keras", tmp_path / "bad.keras", poison))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: [],
        lambda c: {"class_name": 3},
        lambda c: c.update(config=None),
        lambda c: c.update(config="text"),
        lambda c: c["config"].update(layers=7),
        lambda c: c["config"]["layers"][1].update(config={"units": 10**12}),
        lambda c: c["config"]["layers"][1].update(config={"units": -1}),
        lambda c: c["config"]["layers"][1].update(class_name="Sequential"),
    ],
)
def test_odd_configs_are_one_line(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    small_model().save(tmp_path / "good.keras")
    refused(rewrite(tmp_path / "good.keras", tmp_path / "bad.keras", change))


def test_a_config_that_is_nested_without_end(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "deep.keras", "w") as archive:
        archive.writestr("config.json", '{"class_name": "Sequential", "config": ' + "[" * 200_000 + "]" * 200_000 + "}")
        archive.writestr("model.weights.h5", b"")
    refused(tmp_path / "deep.keras")


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(400):
                member.write(bytes(2**20))
    assert "decompression bomb" in refused(tmp_path / "bomb.keras")


def test_members_with_paths_of_their_own(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slip.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("../../evil.txt", "x")
    assert "path of its own" in refused(tmp_path / "slip.keras")
    assert not (tmp_path.parent / "evil.txt").exists()


def test_weights_that_point_into_other_files(tmp_path: Path) -> None:
    def link(file: h5py.File) -> None:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")

    def external(file: h5py.File) -> None:
        file.create_dataset("secret", (10,), "u1", external=[("/etc/passwd", 0, 10)])

    assert "link to elsewhere" in refused(weights_replaced(tmp_path, link))
    assert "other files" in refused(weights_replaced(tmp_path, external))


def test_weights_in_a_loop(tmp_path: Path) -> None:
    def loop(file: h5py.File) -> None:
        group = file.create_group("layers")
        group["again"] = group

    assert "twice" in refused(weights_replaced(tmp_path, loop))


def test_weights_that_declare_more_than_they_store(tmp_path: Path) -> None:
    def huge(file: h5py.File) -> None:
        file.create_dataset("huge", (2**40,), "f4", chunks=(2**20,))

    assert "declares" in refused(weights_replaced(tmp_path, huge))


def test_weights_of_another_model(tmp_path: Path) -> None:
    assert "could not be loaded" in refused(weights_replaced(tmp_path, lambda file: file.create_group("layers")))


def test_a_thousand_layers_load(tmp_path: Path) -> None:
    x = inputs = keras.Input((2,))
    for _ in range(1000):
        x = keras.layers.Activation("relu")(x)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        keras.Model(inputs, x).save(tmp_path / "deep.keras")
    finally:
        sys.setrecursionlimit(limit)
    assert len(load_model(tmp_path / "deep.keras").layers) == 1001
    assert sys.getrecursionlimit() == limit


def test_a_keras_application_by_name() -> None:
    model = load_model("keras:mobilenetv2", weights="none")
    assert model.output_shape == (None, 1000)
    came = origin(model)
    assert came is not None
    assert came.application == "MobileNetV2"
    with pytest.raises(OptionError, match="ResNet50"):
        load_model("keras:resnet5", weights="none")


def test_an_application_with_weights_of_a_file(tmp_path: Path, lenet: Example) -> None:
    small = load_model("keras:MobileNet", weights="none")
    small.save_weights(tmp_path / "own.weights.h5")
    again = load_model("keras:MobileNet", weights=tmp_path / "own.weights.h5")
    for ours, theirs in zip(again.weights, small.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "does not hold the weights" in refused("keras:MobileNet", weights=lenet.path)
    assert "does not exist" in refused("keras:MobileNet", weights=tmp_path / "none.h5")


def test_weights_that_cannot_be_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(*_: Any, **__: Any) -> Any:
        raise OSError("Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", offline)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path), raising=False)
    text = refused("keras:MobileNet")
    assert "--weights" in text
    assert capsys.readouterr() == ("", "")


def test_another_backend_gets_one_line(lenet: Example) -> None:
    code = f"import tensorview as tv\ntry: tv.load_model({str(lenet.path)!r})\nexcept tv.TensorviewError as e: print(e)"
    environ = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.count("\n") == 1
    assert "KERAS_BACKEND=tensorflow" in done.stdout


def test_importing_tensorflow_is_quiet(lenet: Example) -> None:
    code = (
        f"import tensorview as tv, sys; m = tv.load_model({str(lenet.path)!r}); "
        "import numpy as np; m(np.zeros((1, 28, 28, 1))); print('own words', file=sys.stderr)"
    )
    environ = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stderr == "own words\n"


def test_a_keras_folder(tmp_path: Path) -> None:
    model = small_model()
    model.save(tmp_path / "model", zipped=False)
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again(np.ones((2, 4))), model(np.ones((2, 4))))
    came = origin(again)
    assert came is not None
    assert came.file == "model"
    (tmp_path / "model/model.weights.h5").unlink()
    assert "model.weights.h5" in refused(tmp_path / "model")


def test_a_large_archive_is_read_about_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights lie scattered over an HDF5 file: looking them up must not read the archive from its start each time."""
    stack = [keras.layers.Dense(64, name=f"d{i}") for i in range(60)]
    model = keras.Sequential([keras.Input((64,)), *stack])
    path = tmp_path / "many.keras"
    model.save(path)
    taken: list[int] = []
    monkeypatch.setattr(zipfile, "crc32", lambda data, *more: taken.append(len(data)) or zlib.crc32(data, *more))
    file = modelfile.read(path)
    assert file.stored.numbers == model.count_params()
    assert sum(taken) < 4 * path.stat().st_size
