"""Codes within half a step, area means exact, layers that share codes: the numbers on the page are the model's own."""

from __future__ import annotations

import numpy as np
import pytest

from tensorview.blobs import BlobWriter, inflate, read_tensor
from tensorview.errors import BundleError
from tensorview.quantise import area_mean, dequantise, quantise
from tensorview.sharing import Clamp, Line, share

RNG = np.random.default_rng(3)
NORMAL = RNG.normal(size=(6, 14, 14)).astype("float32")


def steps_off(values: np.ndarray) -> float:
    """How far the codes' values are from the values, in steps of each channel."""
    codes, scale, zero = quantise(values)
    off = np.abs(dequantise(codes, scale, zero).astype(np.float64) - values)
    return float((off / np.abs(scale).reshape(-1, *(1,) * (values.ndim - 1))).max())


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        np.maximum(NORMAL, 0),
        NORMAL * 1e-20,
        NORMAL * 1e30,
        NORMAL + 1000,
        np.float32([[-3e38, 0.0, 3e38]]),
        np.float32([[5.0, 5.0]]),
        np.float32([[0.0, 0.0]]),
    ],
)
def test_codes_are_within_half_a_step(values: np.ndarray) -> None:
    assert steps_off(values) <= 0.5 + 1e-3


def test_zero_stays_zero() -> None:
    values = np.where(NORMAL > 0.5, NORMAL, 0).astype("float32")
    values[2] -= 0.25 * (values[2] > 0)
    back = dequantise(*quantise(values))
    assert (back[values == 0] == 0).all()


def test_nan_and_infinity_have_their_own_codes() -> None:
    values = np.float32([[np.nan, 1, 2, np.inf, -np.inf], [0, 1, 2, 3, 4]])
    codes, scale, zero = quantise(values)
    assert codes[0].tolist() == [253, 0, 252, 254, 255]
    np.testing.assert_array_equal(dequantise(codes, scale, zero)[0], values[0])
    assert steps_off(values[1:]) <= 0.5


@pytest.mark.parametrize("size", [(7, 7), (5, 14), (3, 4), (1, 1), (14, 14)])
def test_area_mean_is_the_mean_of_the_covered_area(size: tuple[int, int]) -> None:
    fine = np.repeat(np.repeat(NORMAL, size[0], axis=1), size[1], axis=2).astype(np.float64)
    expected = fine.reshape(6, size[0], 14, size[1], 14).mean(axis=(2, 4))
    np.testing.assert_allclose(area_mean(NORMAL, size), expected, atol=1e-6)


def test_area_mean_keeps_nan_where_it_is() -> None:
    values = np.zeros((1, 6, 6), "float32")
    values[0, 1, 1], values[0, 5, 5] = np.nan, np.inf
    found = area_mean(values, (4, 4))[0]
    assert np.isnan(found[0, 0]) and np.isnan(found[1, 1]) and found[3, 3] == np.inf
    assert np.isfinite(found).sum() == 16 - 4 - 1


def test_a_relu_and_a_batchnorm_are_seen() -> None:
    slope, shift = np.float32([2, -0.5, 1, 3, 0.1, 7]), np.float32([0, 1, -1, 5, 0, 0])
    line = share(NORMAL, NORMAL * slope[:, None, None] + shift[:, None, None])
    assert isinstance(line, Line)
    np.testing.assert_allclose(line.slope, slope, rtol=1e-4)
    assert share(NORMAL, np.maximum(NORMAL, 0)) == Clamp(0.0, np.inf)
    assert share(NORMAL * 5, np.clip(NORMAL * 5, 0, 6)) == Clamp(0.0, 6.0)
    same = share(NORMAL, NORMAL.copy())
    assert isinstance(same, Line)
    assert same.same


@pytest.mark.parametrize("other", [NORMAL**3, np.tanh(NORMAL), np.where(NORMAL > 0, NORMAL, NORMAL * 0.2), NORMAL[:3]])
def test_what_does_not_follow_is_not_shared(other: np.ndarray) -> None:
    assert share(NORMAL, other) is None


def test_shared_codes_are_within_half_a_step_of_the_follower() -> None:
    slope, shift = np.linspace(-3, 3, 6).astype("float32"), np.arange(6, dtype="float32")
    follower = NORMAL * slope[:, None, None] + shift[:, None, None]
    line = share(NORMAL, follower)
    assert isinstance(line, Line)
    writer = BlobWriter("a")
    ref = writer.on_line(writer.quantised(NORMAL), line)
    blob, packed = writer.finish()
    data = inflate(blob, packed)
    scale = np.frombuffer(data, "<f4", 6, ref.quant or 0)
    off = np.abs(read_tensor(ref, data) - follower).reshape(6, -1).max(axis=1)
    assert (off <= np.abs(scale) * 0.53 + 1e-6).all()
    assert blob.size < NORMAL.size + 200


def test_damaged_blobs_are_refused() -> None:
    writer = BlobWriter("a")
    ref = writer.quantised(NORMAL)
    blob, packed = writer.finish()
    for broken in (packed[:-5], b"nonsense" + packed, packed + packed):
        try:
            data = inflate(blob, broken)
        except BundleError as error:
            assert "damaged" in str(error)
        else:  # bytes behind a whole stream change nothing
            np.testing.assert_array_equal(read_tensor(ref, data), read_tensor(ref, inflate(blob, packed)))
    with pytest.raises(BundleError, match="beyond its end"):
        read_tensor(ref, inflate(blob, packed)[:100])
