"""Class names from files, and classes from names."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest

from tensorview.errors import OptionError
from tensorview.labels import find_class, imagenet, labels_for, read_labels


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\n",
        "\ufeffcat\r\n\r\ndog",
        json.dumps(["cat", "dog"]),
        json.dumps({"1": "dog", "0": "cat"}),
        json.dumps({"0": ["n01", "cat"], "1": ["n02", "dog"]}),
    ],
)
def test_labels_in_every_usual_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels").write_text(text, "utf-8")
    assert read_labels(tmp_path / "labels", 2) == ("cat", "dog")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no class names"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[1, 2", "JSON"),
        (b'{"a": "cat"}', "class indices"),
        (b'[{"a": 1}]', "class name was expected"),
        (b"cat\ndog\nbird", "3 class names, but the model has 2"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "labels").write_bytes(content)
    with pytest.raises(OptionError, match=says):
        read_labels(tmp_path / "labels", 2)


def test_missing_labels(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="does not exist"):
        read_labels(tmp_path / "none")


def test_imagenet_has_its_thousand() -> None:
    assert len(imagenet()) == 1000
    assert imagenet()[967] == "espresso"


def test_the_labels_of_a_model_are_as_many_as_its_classes() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert labels_for(model, None) is None
    assert labels_for(model, ["a", "b", "c"]) == ("a", "b", "c")
    with pytest.raises(OptionError, match="2 class names, but the model has 3"):
        labels_for(model, ["a", "b"])


def test_a_class_by_index_label_or_part_of_it() -> None:
    names = imagenet()
    assert find_class("967", names, 1000) == 967
    assert find_class("Espresso", names, 1000) == 967
    assert find_class("tinca tinca", names, 1000) == 0
    with pytest.raises(OptionError, match=r"classes fit.*give the index"):
        find_class("terrier", names, 1000)
    with pytest.raises(OptionError, match=r"no class is named .expresso. .did you mean .espresso"):
        find_class("expresso", names, 1000)
    with pytest.raises(OptionError, match="no class is named '²'"):
        find_class("²", names, 1000)
    with pytest.raises(OptionError, match=r"no class is named '1000'.*from 0 to 999"):
        find_class("1000", names, 1000)
    with pytest.raises(OptionError, match="have no labels"):
        find_class("cat", None, 10)
    assert find_class("20", ("10", "20"), 2) == 1
    assert find_class("1", ("1", "0"), 2) == 1
