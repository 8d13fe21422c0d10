"""SavedModels: as the Keras model that they were, else as the graph of their signature; nothing in them reaches out."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import DATA
from keras import layers
from modelfiles import refused
from zoo.case import noise

import tensorview as tv
from tensorview.cli import main
from tensorview.loading import origin

OLD = DATA / "saved_model_keras2"


def spec(*shape: int | None, dtype: Any = tf.float32) -> Any:
    return tf.TensorSpec(shape, dtype)


def saved(path: Path, function: Callable[..., Any], *specs: Any, **kept: Any) -> Path:
    """A module with one signature."""
    module = tf.Module()
    for name, value in kept.items():
        setattr(module, name, value)
    module.call = tf.function(function, input_signature=list(specs))
    module.kept = tf.Variable(1.0)
    tf.saved_model.save(module, str(path), signatures=module.call)
    return path


def test_a_model_of_keras_2_is_that_model() -> None:
    model = tv.load_model(OLD)
    image = noise(3, 8, 8, 1)
    run = tv.trace(model, image)
    names = ["image", "conv", "bn", "inner/flat", "inner/d", "y"]
    assert [node.id for node in run.nodes] == names
    assert [node.class_name for node in run.nodes[1:]] == ["Conv2D", "BatchNormalization", "Flatten", "Dense", "Dense"]
    signature = tf.saved_model.load(str(OLD)).signatures["serving_default"]
    np.testing.assert_allclose(run.outputs, signature(image=tf.constant(image))["y"], rtol=1e-5, atol=1e-6)
    assert "read as the Keras model" in origin(model).notes[0]  # type: ignore[union-attr]


def test_other_weights_than_the_signature_has_are_not_taken_for_its_own(tmp_path: Path) -> None:
    """A description whose model gives other results is left, and the signature's graph is shown."""
    path = tmp_path / "m"
    shutil.copytree(OLD, path)
    data = (path / "keras_metadata.pb").read_bytes()
    (path / "keras_metadata.pb").write_bytes(data.replace(b'"activation": "tanh"', b'"activation": "relu"'))
    assert data != (path / "keras_metadata.pb").read_bytes()
    model = tv.load_model(path)
    [note] = origin(model).notes  # type: ignore[union-attr]
    assert "other values than its signature" in note
    image = noise(3, 8, 8, 1)
    np.testing.assert_allclose(tv.trace(model, image).outputs, tv.load_model(OLD)(image), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    keras.utils.set_random_seed(7)
    x = keras.Input((8, 8, 1), name="image")
    h = layers.Conv2D(3, 3, activation="relu", name="conv")(x)
    model = keras.Model(x, layers.Dense(2, activation="softmax", name="y")(layers.Flatten(name="flat")(h)))
    path = tmp_path_factory.mktemp("saved") / "m"
    model.export(path, verbose=False)
    return path, model


def test_an_exported_model_is_its_signatures_graph(exported: tuple[Path, Any], tmp_path: Path) -> None:
    path, model = exported
    image = noise(2, 8, 8, 1)
    loaded = tv.load_model(path)
    run = tv.trace(loaded, image)
    assert [group.id for group in run.groups] == ["serving_default"]
    kinds = [node.class_name for node in run.nodes]
    assert kinds == ["InputLayer", "Conv2D", "BiasAdd", "Relu", "Reshape", "MatMul", "BiasAdd", "Softmax"]
    ids = [node.id for node in run.nodes]
    assert set(run.edges) == set(itertools.pairwise(ids))
    conv = model.get_layer("conv")(image)
    np.testing.assert_allclose(run.activation(ids[3]), conv, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.outputs, model(image), rtol=1e-5, atol=1e-6)
    assert loaded.count_params() == model.count_params()
    own, other = (tv.attribute(one, image, method="saliency", target=1).values for one in (model, loaded))
    np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)
    tv.export(loaded, image, tmp_path / "page.html")
    notes = tv.open_bundle(tmp_path / "page.html").manifest.notes
    assert any("says nothing of layers" in note for note in notes)


def test_a_loop_branches_and_a_function_called_twice(tmp_path: Path) -> None:
    @tf.function
    def inner(x: Any) -> Any:
        return tf.nn.relu(x) + 1.0

    def call(x: Any, n: Any) -> Any:
        _, h = tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, h * 1.5), (0, inner(inner(x))))
        h = tf.cond(tf.reduce_sum(x) > 0, lambda: h + 1.0, lambda: h - 1.0)
        return {"sum": tf.reduce_sum(h, -1), "count": n * 2, "shape": tf.reshape(h, (-1, 2, 2))}

    path = saved(tmp_path / "m", call, spec(None, 4), spec(None, dtype=tf.int32))
    run = tv.trace(tv.load_model(path), {"x": noise(2, 4), "n": np.array([3, 4])})
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    expected = signature(x=tf.constant(noise(2, 4)), n=tf.constant([3, 4]))
    for key, value in run.outputs.items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-6)
    values = [run.activation(node.id) for node in run.nodes if node.class_name == "Relu"]
    first = np.maximum(noise(2, 4), 0)
    np.testing.assert_allclose(values[0], first, rtol=1e-6)
    np.testing.assert_allclose(values[1], first + 1, rtol=1e-6)


def test_an_operation_that_only_looks_at_values(tmp_path: Path) -> None:
    path = saved(tmp_path / "m", lambda x: tf.debugging.check_numerics(x * 2.0, "not finite"), spec(2, 2))
    run = tv.trace(tv.load_model(path), np.ones((2, 2), "float32"))
    np.testing.assert_array_equal(run.outputs, np.full((2, 2), 2.0))


def test_text_looked_up_in_a_table(tmp_path: Path) -> None:
    keys = tf.lookup.KeyValueTensorInitializer(["a", "b"], [3.0, 4.0])
    table = tf.lookup.StaticHashTable(keys, 0.0)
    path = saved(tmp_path / "m", table.lookup, spec(None, 2, dtype=tf.string), table=table)
    run = tv.trace(tv.load_model(path), np.array([["b", "c"]]))
    np.testing.assert_array_equal(run.outputs, [[4.0, 0.0]])


def test_inspect_and_fast(exported: tuple[Path, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(exported[0])]) == 0
    assert "says nothing of layers" in capsys.readouterr().out
    assert main(["inspect", str(exported[0]), "--fast"]) == 2
    assert "leave --fast out" in capsys.readouterr().err


# What is refused -----------------------------------------------------------------------------------------------------


def _reads(x: Any) -> Any:
    return x + tf.cast(tf.strings.length(tf.io.read_file("a")), tf.float32)


def _writes(x: Any) -> Any:
    tf.io.write_file("written.txt", "x")
    return x


def _in_a_branch(x: Any) -> Any:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.shape(tf.io.read_file("/etc/hostname")), lambda: tf.shape(x)[:0])


def _prints(x: Any) -> Any:
    tf.print(x, output_stream="file://written.txt")
    return x


def _python(x: Any) -> Any:
    return tf.numpy_function(lambda y: y, [x], tf.float32)


def _lists(x: Any) -> Any:
    return x, tf.io.matching_files("/etc/*")


@pytest.mark.parametrize("function", [_reads, _writes, _in_a_branch, _prints, _python, _lists])
def test_operations_that_reach_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Any) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path / "m", function, spec(2, 2))
    assert "reaches out of the graph" in refused(path)
    assert not (tmp_path / "written.txt").exists()


def test_a_table_that_reads_a_file_on_loading(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(tmp_path / "words.txt"), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ), 1,
    )  # fmt: skip
    path = saved(tmp_path / "m", table.lookup, spec(None, 2, dtype=tf.string), table=table)
    assert "InitializeTableFromTextFileV2" in refused(path)
    run = tv.trace(tv.load_model(path, safe_mode=False), np.array([["b", "a"]]))
    np.testing.assert_array_equal(run.outputs, [[1, 0]])


def test_a_file_outside(tmp_path: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    path = saved(tmp_path / "m", lambda x: x * 2.0, spec(2, 2))
    found = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    found.meta_graphs[0].asset_file_def.add().filename = "../../secret"
    (path / "saved_model.pb").write_bytes(found.SerializeToString())
    assert "outside of itself" in refused(path)


@pytest.mark.parametrize(
    "name", ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
)
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_cut_short(tmp_path: Path, exported: tuple[Path, Any], name: str, share: float) -> None:
    path = tmp_path / "m"
    shutil.copytree(exported[0], path)
    data = (path / name).read_bytes()
    (path / name).write_bytes(data[: int(len(data) * share)])
    refused(path)


def test_weights_that_are_not_there(tmp_path: Path, exported: tuple[Path, Any]) -> None:
    path = tmp_path / "m"
    shutil.copytree(exported[0], path)
    shutil.rmtree(path / "variables")
    assert "holds no weights" in refused(path)


def test_damage_of_any_kind_is_told(tmp_path: Path, exported: tuple[Path, Any]) -> None:
    """In a process of its own: TensorFlow may end it, which a user must not see either."""
    path = tmp_path / "m"
    shutil.copytree(exported[0], path)
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(path)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told, loaded = map(int, done.stdout.split())
    assert told + loaded == 20
    assert told > 3


FUZZ = """
import sys
from pathlib import Path
import numpy as np
import tensorview as tv
path = Path(sys.argv[1])
file = path / "saved_model.pb"
good = np.frombuffer(file.read_bytes(), np.uint8)
random, told, loaded = np.random.default_rng(7), 0, 0
for turn in range(20):
    bad = good.copy()
    at = random.integers(0, len(bad), random.integers(1, 4))
    bad[at] = random.integers(0, 256, len(at))
    file.write_bytes(bad.tobytes())
    try:
        tv.load_model(path)
        loaded += 1
    except tv.TensorviewError as error:
        told += 1
        assert "\\n" not in str(error) and len(str(error)) < 700, error
print(told, loaded)
"""
