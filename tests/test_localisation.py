"""Boxes, masks and the pointing game."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tensorview.errors import InputError, OptionError
from tensorview.localisation import localise, pointing_game


def planted(top: int = 20, left: int = 30, side: int = 24, size: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture with a red square on green noise, a saliency map that is high on part of the square, and its mask."""
    rng = np.random.default_rng(0)
    picture = np.clip(rng.normal((40, 140, 50), 12, (size, size, 3)), 0, 255)
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    picture[mask] = np.clip(rng.normal((190, 40, 40), 12, (mask.sum(), 3)), 0, 255)
    saliency = rng.random((size, size)) * 0.2
    # Saliency marks the edges and spots of an object, never the whole of it.
    saliency[top : top + side, left : left + 4] += 1
    saliency[top + 10 : top + 14, left : left + side] += 0.8
    return picture.astype(np.uint8), saliency, mask


def test_the_graph_cut_finds_a_planted_square_from_saliency_on_part_of_it() -> None:
    picture, saliency, mask = planted()
    found = localise(saliency, picture, how="graph_cut")
    overlap = (found.masks[0] & mask).sum() / (found.masks[0] | mask).sum()
    assert overlap > 0.95
    assert np.abs(found.boxes[0] - (20, 30, 44, 54)).max() <= 1


def test_the_graph_cut_works_on_large_grey_pictures() -> None:
    picture, saliency, mask = planted()
    grey = np.kron(picture[..., :1], np.ones((5, 5, 1), np.uint8))
    found = localise(np.kron(saliency, np.ones((5, 5))), grey, how="graph_cut")
    large = np.kron(mask, np.ones((5, 5), bool))
    assert found.masks.shape == (1, 400, 400)
    assert (found.masks[0] & large).sum() / (found.masks[0] | large).sum() > 0.9


def test_the_threshold_keeps_the_largest_region_above_a_share_of_the_maximum() -> None:
    cam = np.zeros((1, 10, 12))
    cam[0, 2:5, 3:8] = 0.5
    cam[0, 3, 4] = 1.0
    cam[0, 8, 10] = 0.9  # a second, smaller region
    cam[0, 6:, 0] = 0.19  # below a fifth of the maximum
    found = localise(cam)
    assert_array_equal(found.boxes, [[2, 3, 5, 8]])
    assert found.masks.sum() == 15
    assert_array_equal(localise(cam, of_maximum=0.95).boxes, [[3, 4, 4, 5]])


def test_blank_and_negative_maps_point_nowhere() -> None:
    maps = np.stack([np.zeros((6, 6)), -np.ones((6, 6))])
    found = localise(maps)
    assert not found.found.any()
    assert_array_equal(found.boxes, np.zeros((2, 4)))
    assert not localise(np.zeros((6, 6)), np.zeros((6, 6, 3), np.uint8), how="graph_cut").found.any()
    assert not pointing_game(maps, [[0, 0, 6, 6]] * 2).any()


def test_a_perfect_map_wins_the_pointing_game_and_a_random_one_hits_by_chance() -> None:
    rng = np.random.default_rng(0)
    box = (10, 10, 30, 40)
    perfect = np.zeros((32, 48))
    perfect[20, 25] = 1
    assert pointing_game(perfect, box, tolerance=0).all()
    randoms = rng.random((2_000, 32, 48))
    share = pointing_game(randoms, np.tile(box, (2_000, 1)), tolerance=0).mean()
    chance = 20 * 30 / (32 * 48)
    assert abs(share - chance) < 4 * np.sqrt(chance * (1 - chance) / 2_000)


def test_the_pointing_game_forgives_a_near_miss_and_no_more() -> None:
    one = np.zeros((40, 40))
    one[20, 30] = 1
    mask = np.zeros((40, 40), bool)
    mask[20, 10] = True
    assert pointing_game(one, mask, tolerance=20).all()
    assert not pointing_game(one, mask, tolerance=19).any()


def test_wrong_input_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"maps are \(N, H, W\)"):
        localise(np.zeros(5))
    with pytest.raises(OptionError, match="give pictures"):
        localise(np.ones((4, 4)), how="graph_cut")
    with pytest.raises(InputError, match="pictures are uint8"):
        localise(np.ones((4, 4)), np.zeros((5, 4, 3)), how="graph_cut")
    with pytest.raises(OptionError, match="of_maximum"):
        localise(np.ones((4, 4)), of_maximum=0)
    with pytest.raises(InputError, match="as many boxes"):
        pointing_game(np.ones((2, 4, 4)), np.zeros((3, 4)))
