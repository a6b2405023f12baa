"""The numbers behind the attention pictures: nothing strong gets lost, scales keep order, masks stay empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.gui.attention.atlas import Grid, atlas_numbers, whole_cells
from workbench.gui.attention.colours import MAPS, colour_table
from workbench.gui.attention.pooling import pool_max, pool_signed, stretch
from workbench.gui.attention.scales import (
    ABSENT,
    FIRST,
    GREYED,
    Kind,
    Scale,
    colour_numbers,
    describe,
    position,
    ticks,
    tops,
)
from workbench.gui.attention.shown import Special, show
from workbench.gui.theme import DARK, LIGHT, Palette
from workbench.run.inside.comparison import DIFFERENCE
from workbench.run.results import AttentionMaps

KINDS: tuple[Kind, ...] = ("linear", "sqrt", "log", "cap")


def made(weights: np.ndarray, *, causal: bool = False, special: tuple[int, ...] = ()) -> AttentionMaps:
    n = weights.shape[-1]
    flags = np.zeros(n, dtype=bool)
    flags[list(special)] = True
    return AttentionMaps(
        weights.astype(np.float32), tuple(f"t{i}" for i in range(n)), flags, "made", causal=causal
    )


def random_maps(
    layers: int, heads: int, n: int, *, causal: bool = False, special: tuple[int, ...] = ()
) -> AttentionMaps:
    weights = np.random.default_rng(0).random((layers, heads, n, n)) ** 6
    if causal:
        weights *= np.tri(n)
    return made(weights / weights.sum(-1, keepdims=True), causal=causal, special=special)


@given(cells=st.integers(1, 200), size=st.integers(1, 64), seed=st.integers(0, 1000))
def test_pooling_keeps_the_maximum_of_every_block(cells: int, size: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((2, cells, cells), dtype=np.float32)
    pooled = pool_max(values, size)
    side = min(cells, size)
    assert pooled.shape == (2, side, side)
    edges = [i * cells // side for i in range(side + 1)]
    i, j = seed % side, (seed // 7) % side
    block = values[:, edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
    np.testing.assert_array_equal(pooled[:, i, j], block.max(axis=(1, 2)))
    assert pooled.max() == values.max()


@given(cells=st.integers(1, 150), size=st.integers(1, 64), seed=st.integers(0, 1000))
def test_pooling_differences_keeps_the_largest_of_either_sign(cells: int, size: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, (2, cells, cells)).astype(np.float32)
    pooled = pool_signed(values, size)
    np.testing.assert_array_equal(np.abs(pooled), pool_max(np.abs(values), size))
    assert np.isin(pooled, values).all()


def test_many_maps_are_pooled_as_each_of_them_alone() -> None:
    values = np.random.default_rng(0).random((5, 7, 128, 96), dtype=np.float32)  # more than are taken at once
    pooled = pool_max(values, 23)
    for layer in range(5):
        for head in range(7):
            np.testing.assert_array_equal(pooled[layer, head], pool_max(values[layer, head], 23))
    assert pool_max(values, 100).shape == (5, 7, 100, 96)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("choice", ["shown", "hidden", "renormalised"])
def test_the_top_of_a_head_is_the_same_whether_its_map_was_made_small_before_or_not(
    signed: bool, causal: bool, choice: Special
) -> None:
    maps = random_maps(3, 4, 50, causal=causal, special=(0, 20, 21, 49))
    if signed:
        other = np.roll(maps.weights, 1, axis=1)
        maps = replace(maps, weights=maps.weights - other, kind=DIFFERENCE)
    whole, small = show(maps, choice), show(maps, choice)
    rows = np.flatnonzero(whole.telling)
    expected = np.abs(whole.weights[:, :, rows]).max(axis=(2, 3))
    small.small(7, signed=signed)
    np.testing.assert_array_equal(whole.row_tops(), expected)
    np.testing.assert_array_equal(small.row_tops(), expected)


def test_a_previous_token_head_of_512_tokens_is_lit_all_along_in_a_tile_of_128_pixels() -> None:
    n, tile = 512, 128
    shown = show(made(np.eye(n, k=-1)[None, None]))
    numbers = atlas_numbers(shown, Scale("linear"), Grid(1, 1, tile, 2))
    lit = numbers == 255
    assert lit.any(axis=1).all()
    assert np.diag(lit).all()
    # What pooling protects from: taking every fourth cell finds nothing at all.
    assert shown.weights[0, 0, ::4, ::4].max() == 0


def test_stretching_repeats_cells_evenly() -> None:
    image = np.arange(3, dtype=np.uint8)[None, :]
    assert stretch(image, 2, 7).tolist() == [[0, 0, 0, 1, 1, 2, 2]] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_scales_are_monotone_and_reach_both_ends(kind: Kind) -> None:
    values = np.linspace(0, 1, 2001, dtype=np.float32)
    for top in (1.0, 0.37):
        places = position(values, top, kind)
        assert (np.diff(places) >= 0).all()
        assert places[0] == pytest.approx(0)
        assert places[-1] == pytest.approx(1)
        numbers = colour_numbers(values, top, kind)
        assert (numbers[0], numbers[-1]) == (FIRST, 255)


@pytest.mark.parametrize("kind", KINDS)
def test_marks_of_the_colour_bar_stand_where_their_weights_are_coloured(kind: Kind) -> None:
    for place, weight in ticks(0.5, kind):
        assert position(np.array([weight], dtype=np.float32), 0.5, kind)[0] == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_colouring_after_pooling_is_the_same_as_before(kind: Kind) -> None:
    weights = np.random.default_rng(3).random((4, 50, 50), dtype=np.float32)
    before = pool_max(weights, 20)
    numbers = colour_numbers(weights, 0.9, kind)
    by_block = np.stack([[colour_numbers(before, 0.9, kind)]])[0, 0]
    edges = [i * 50 // 20 for i in range(21)]
    assert by_block[2, 7, 4] == numbers[2, edges[7] : edges[8], edges[4] : edges[5]].max()


def test_a_shared_top_is_the_largest_weight_and_each_head_may_have_its_own() -> None:
    maps = random_maps(3, 4, 20)
    shared = tops(show(maps), Scale("linear"))
    own = tops(show(maps), Scale("linear", per_head=True))
    assert (shared == maps.weights.max()).all()
    np.testing.assert_array_equal(own, maps.weights.max(axis=(2, 3)))
    numbers = atlas_numbers(show(maps), Scale("linear", per_head=True), Grid(3, 4, 40, 2))
    for layer in range(3):
        for head in range(4):
            x, y = Grid(3, 4, 40, 2).corner(layer, head)
            assert numbers[y : y + 40, x : x + 40].max() == 255


def test_the_cap_lies_at_the_99th_percentile_of_what_is_visible() -> None:
    maps = random_maps(2, 3, 64, special=(0, 63))
    shown = show(maps, "hidden")
    inner = maps.weights[:, :, 1:-1, 1:-1]
    top = tops(shown, Scale("cap"))[0, 0]
    assert top == pytest.approx(np.percentile(inner, 99), rel=0.05)
    assert (inner > top).mean() == pytest.approx(0.01, abs=0.004)


def test_hiding_special_tokens_leaves_the_other_weights_and_rescaling_makes_rows_sum_to_one() -> None:
    maps = random_maps(2, 2, 12, special=(0, 11))
    hidden, rescaled = show(maps, "hidden"), show(maps, "renormalised")
    np.testing.assert_array_equal(hidden.weights[:, :, 1:-1, 1:-1], maps.weights[:, :, 1:-1, 1:-1])
    assert hidden.weights[:, :, :, [0, 11]].max() == 0
    np.testing.assert_allclose(rescaled.weights[:, :, 1:-1].sum(-1), 1, rtol=1e-5)
    assert not rescaled.visible[0].any()
    assert not rescaled.visible[:, 11].any()
    assert maps.weights[0, 0, 0, 0] != 0  # the maps themselves are as they were


def test_a_text_of_special_tokens_only_shows_nothing_and_breaks_nothing() -> None:
    shown = show(random_maps(1, 1, 2, special=(0, 1)), "renormalised")
    assert shown.strongest(0, 0) is None
    numbers = atlas_numbers(shown, Scale("cap"), Grid(1, 1, 16, 2))
    assert (numbers == GREYED).all()


@pytest.mark.parametrize("n", [6, 40, 300])
def test_cells_that_a_causal_model_cannot_see_are_not_drawn(n: int) -> None:
    shown = show(random_maps(1, 1, n, causal=True))
    side = whole_cells(60, n)
    numbers = atlas_numbers(shown, Scale("sqrt"), Grid(1, 1, side, 2))
    row, column = np.indices(numbers.shape)
    future = column * n // side > ((row + 1) * n - 1) // side
    assert future.any()
    assert (numbers[future] == ABSENT).all()
    assert (np.diag(numbers) >= FIRST).all()
    for palette in (LIGHT, DARK):
        assert colour_table("ink", palette)[ABSENT] == 0  # transparent


def test_every_pixel_of_the_atlas_belongs_to_the_head_that_it_names() -> None:
    grid = Grid(3, 5, 21, 3)
    for layer in range(3):
        for head in range(5):
            x, y = grid.corner(layer, head)
            assert grid.at(x, y) == (layer, head)
            assert grid.at(x + 20.9, y + 20.9) == (layer, head)
    assert grid.at(-1, 0) is None
    assert grid.at(grid.width + 4, 0) is None
    assert grid.at(0, grid.height + 4) is None


def test_the_strongest_link_is_found_among_what_is_visible() -> None:
    weights = np.full((1, 1, 4, 4), 0.1)
    weights[0, 0, 2, 0], weights[0, 0, 1, 2] = 0.9, 0.6
    maps = made(weights, special=(0,))
    first, second = show(maps).strongest(0, 0), show(maps, "hidden").strongest(0, 0)
    assert first is not None
    assert second is not None
    assert (first.query, first.key) == (2, 0)
    assert (second.query, second.key, second.weight) == (1, 2, pytest.approx(0.6))


def test_a_first_token_that_can_see_only_itself_is_not_a_strongest_link() -> None:
    weights = np.array([[1, 0, 0], [0.3, 0.7, 0], [0.2, 0.6, 0.2]])[None, None]
    shown = show(made(weights, causal=True))
    link = shown.strongest(0, 0)
    assert link is not None
    assert (link.query, link.key) == (1, 1)
    assert tops(shown, Scale("linear", per_head=True))[0, 0] == pytest.approx(0.7)


@pytest.mark.parametrize("name", [key for key, _, _ in MAPS])
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
def test_colours_change_in_lightness_one_way_only(name: str, palette: Palette) -> None:
    table = colour_table(name, palette)[FIRST:]
    red, green, blue = ((table >> shift) & 255 for shift in (16, 8, 0))
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    towards_dark = palette.name == "light" and name in ("ink", "magma")
    steps = -np.diff(light) if towards_dark else np.diff(light)
    assert (steps > -1.5).all()  # rounding to whole numbers may turn a step by one
    assert steps.sum() > 120


def test_the_legend_says_which_options_are_on() -> None:
    shown = show(random_maps(1, 1, 5, causal=True, special=(0,)), "renormalised")
    words = describe(shown, Scale("log", per_head=True))
    for part in ("Logarithmic", "each head", "hidden", "renormalised", "above the diagonal"):
        assert part in words


def test_in_another_order_each_tile_is_the_head_that_the_order_names_and_left_out_heads_are_gone() -> None:
    maps = random_maps(2, 3, 12)
    order = ((1, 2), (0, 0), (1, 0), (0, 1))
    grid, natural = Grid(2, 3, 24, 2, 5, order), Grid(2, 3, 24, 2)
    scale = Scale("linear", per_head=True)
    arranged, usual = atlas_numbers(show(maps), scale, grid), atlas_numbers(show(maps), scale, natural)
    assert arranged.shape == (grid.height, grid.width) == (2 * 31 - 2, 3 * 26 - 2)
    for head in order:
        (x, y), (u, v) = grid.corner(*head), natural.corner(*head)
        np.testing.assert_array_equal(arranged[y : y + 24, x : x + 24], usual[v : v + 24, u : u + 24])
        assert grid.at(x + 23, y + 23) == head
    assert grid.place(0, 2) is None
    assert grid.head(1, 1) is None
    assert (arranged[31:, 26:] == ABSENT).all()  # nothing in the places that no head has
