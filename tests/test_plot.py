"""The pictures say what they are given, take an axes and give it back, and can be told apart."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from companion import plot


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


DRAWINGS = {
    "image": lambda ax: plot.image(np.zeros((3, 4)), ax=ax),
    "images": lambda ax: plot.images(np.zeros((5, 3, 4)), ax=ax),
    "spectrum": lambda ax: plot.spectrum({"A": [3.0, 2.0]}, ax=ax),
    "curves": lambda ax: plot.curves({"A": [3.0, 2.0]}, ax=ax),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_each_takes_an_axes_and_returns_it_or_makes_its_own(draw):
    ax = plt.figure().add_subplot()
    assert draw(ax) is ax
    assert draw(None).figure is not ax.figure


def test_a_grid_is_read_row_by_row_with_a_border_of_one_pixel():
    x = np.arange(1, 6, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), dtype=np.uint8)
    sheet = plot.images(x, columns=3).get_images()[0].get_array()
    assert sheet.shape == (2 * 4, 3 * 5)
    centres = sheet[1::4, 2::5]
    assert centres.tolist() == [[1, 2, 3], [4, 5, 255]]  # the last place is empty: white
    assert (sheet[0] == 255).all()


def test_colour_pictures_keep_their_channels():
    x = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 5), dtype=np.uint8)
    sheet = plot.images(x, columns=2).get_images()[0].get_array()
    assert np.array_equal(sheet[1:5, 8:13], x[1].transpose(1, 2, 0))


def test_signed_pictures_put_zero_in_the_middle_of_the_colours_each_to_its_own_scale():
    x = np.stack([np.full((2, 2), -4.0), np.full((2, 2), 0.5), np.zeros((2, 2))])
    drawn = plot.images(x, columns=3, signed=True).get_images()[0]
    assert drawn.get_array()[1, 1::4].tolist() == [-1.0, 1.0, 0.0]
    assert drawn.get_clim() == (-1.0, 1.0)


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.float64, 1)])
def test_grey_values_mean_the_same_in_every_picture(dtype, white):
    assert plot.image(np.zeros((2, 2), dtype)).get_images()[0].get_clim() == (0, white)


def test_curves_take_y_or_x_and_y_and_name_themselves():
    ax = plot.curves({"y only": [5.0, 6.0], "x and y": ([1.0, 3.0], [2.0, 4.0])})
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[0, 5], [1, 6]], [[1, 2], [3, 4]]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["y only", "x and y"]


def test_a_spectrum_counts_from_one_on_logarithmic_axes():
    ax = plot.spectrum({"A": [4.0, 2.0, 1.0]})
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert ax.get_xscale() == ax.get_yscale() == "log"


def _luminance(colour):
    c = np.array(matplotlib.colors.to_rgb(colour))
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return c @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("colour", plot.COLOURS[:5])
def test_the_first_five_colours_stand_out_from_white_three_to_one(colour):
    assert 1.05 / (_luminance(colour) + 0.05) >= 3  # WCAG 2.2, 1.4.11


def test_curves_differ_in_more_than_colour():
    styles = [entry["linestyle"] for entry in plot.STYLE["axes.prop_cycle"]]
    colours = [entry["color"] for entry in plot.STYLE["axes.prop_cycle"]]
    assert len(set(zip(styles, colours, strict=True))) == len(colours)
    assert len(set(styles[:4])) == 4


def test_the_style_becomes_the_default():
    with plt.rc_context():
        plot.use_style()
        assert plt.rcParams["figure.facecolor"] == "white"
        assert plt.rcParams["image.cmap"] == "gray"
