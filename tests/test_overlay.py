"""Maps as pictures: colours, opacity, signs, contact sheets."""

from __future__ import annotations

import numpy as np
import pytest

from tensorview.colourmaps import DIVERGING, NAMES, SEQUENTIAL, coloured, table
from tensorview.errors import OptionError
from tensorview.overlay import Look, overlay, scaled
from tensorview.sheet import CELL, GROUND, contact_sheet

GREY = np.full((40, 60, 3), 128, np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_begins_and_ends_in_its_stops(name: str) -> None:
    stops = {**SEQUENTIAL, **DIVERGING}[name]
    ends = [[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in (stops[0], stops[-1])]
    np.testing.assert_allclose(table(name)[[0, -1]], ends, atol=0.51)


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_maps_grow_lighter(name: str) -> None:
    lightness = table(name) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -0.3).all()


@pytest.mark.parametrize("name", DIVERGING)
def test_zero_is_the_lightest_of_a_diverging_map(name: str) -> None:
    low, zero, high = coloured(np.array([-1.0, 0.0, 1.0]), name)
    assert zero.min() > 240
    assert max(low.min(), high.min()) < 140
    assert np.abs(low - high).max() > 60


def test_signed_maps_diverge_by_themselves_and_zero_shows_the_picture() -> None:
    values = np.zeros((40, 60))
    values[:20, :20], values[20:, 40:] = -2, 1
    drawn = overlay(values, GREY).astype(int)
    ground = drawn[5, 55]
    assert len({*ground}) == 1, "where the map says nothing, the grey picture is grey"
    red, blue = drawn[35, 55], drawn[5, 5]
    assert red[0] > red[2] + 40
    assert blue[2] > blue[0] + 40


def test_absolute_takes_the_sign_away() -> None:
    values = np.zeros((40, 60))
    values[:20, :20], values[20:, 40:] = -1, 1
    drawn = overlay(values, GREY, Look(absolute=True)).astype(int)
    np.testing.assert_array_equal(drawn[5, 5], drawn[35, 55])


def test_opacity_goes_from_the_picture_alone_to_the_map() -> None:
    values = np.ones((4, 6))
    none = overlay(values, GREY, Look(opacity=0)).astype(int)
    half = overlay(values, GREY, Look(opacity=0.5)).astype(int)
    full = overlay(values, GREY, Look(opacity=1)).astype(int)
    np.testing.assert_array_equal(none, overlay(np.zeros((4, 6)), GREY))
    np.testing.assert_allclose(half, (none + full) / 2, atol=1)
    assert np.abs(full - none).max() > 50


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_draw(wild: float) -> None:
    values = np.ones((4, 6))
    values[0, 0] = wild
    assert overlay(values, GREY).shape == (40, 60, 3)


def test_what_is_no_look_is_refused() -> None:
    with pytest.raises(OptionError, match="heat"):
        Look(colours="hea")
    with pytest.raises(OptionError, match="0 to 1"):
        Look(opacity=1.5)


def test_a_sheet_holds_every_picture_in_rows() -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    tiles = [(np.full((100, 300, 3), colour, np.uint8), "a name that is much longer than its picture is wide " * 3)
             for colour in colours]  # fmt: skip
    sheet = contact_sheet(tiles, columns=2)
    places = []
    for colour in colours:
        rows, columns = np.nonzero((sheet == colour).all(axis=-1))
        assert rows.size == CELL * round(CELL / 3)
        places.append((rows.min(), columns.min()))
    (first, second, third) = places
    assert first[0] == second[0] < third[0]
    assert first[1] == third[1] < second[1]
    assert tuple(sheet[0, 0]) == GROUND


def test_a_map_far_from_zero_is_drawn_from_its_least_value() -> None:
    values = np.linspace(10, 12, 24).reshape(4, 6)
    drawn = scaled(values)
    assert (drawn.min(), drawn.max()) == (0, 1)
    np.testing.assert_allclose(scaled(np.linspace(1, 12, 24)).min(), 1 / 12, rtol=0.05)
    assert (scaled(np.full((4, 6), 3.0)) == 1).all(), "one value everywhere stays what it is"
