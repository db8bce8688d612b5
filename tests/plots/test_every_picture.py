"""What holds for every picture: units, room for every text, fonts, contrast on white and on black, given axes."""

import sys
from itertools import combinations

import drawings
import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import findSystemFonts
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from cxml import plots
from cxml.plots.style import COLOURS, GREY

WHITE, BLACK = "white", "black"
UNITS = ("(", "%", " an hour")  # the last is said by the caller of plot_anomalies
#: The first drawing of each picture.
ONE_EACH = list({call.__code__.co_names[1]: name for name, call in reversed(drawings.PICTURES.items())}.values())


def luminance(colour):
    """Of WCAG 2.2, from 0 to 1."""
    channels = np.asarray(colour)[:3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(colour, ground):
    """Of WCAG 2.2, from 1 to 21, of a colour through which the ground may shine."""
    own, below = to_rgba(colour), to_rgba(ground)
    seen = [own[3] * mine + (1 - own[3]) * under for mine, under in zip(own[:3], below[:3], strict=True)]
    light, dark = sorted([luminance(seen), luminance(below)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def texts(figure):
    """Each text that is seen, with the box it takes."""
    ticks, seen = set(), set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            ticks |= {label for tick in [*axis.majorTicks, *axis.minorTicks] for label in (tick.label1, tick.label2)}
            low, high = sorted(axis.get_view_interval())
            room = 1e-6 * (high - low)
            seen |= {tick.label1 for tick in axis.get_major_ticks() if low - room <= tick.get_loc() <= high + room}
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and (text not in ticks or text in seen):
            yield text, text.get_window_extent()


def marks(axes):
    """Colours of what is drawn, the strongest of each: an edge stands for a pale face."""
    for artist in axes.get_children():
        if not artist.get_visible():
            continue
        if isinstance(artist, Line2D):
            yield artist, [artist.get_color()]
        elif isinstance(artist, Collection) and artist.get_array() is None:
            yield artist, [*artist.get_facecolor(), *artist.get_edgecolor()]
        elif isinstance(artist, Patch) and artist is not axes.patch and artist.get_label() != "_nolegend_":
            yield artist, [artist.get_facecolor(), artist.get_edgecolor()]


@pytest.fixture(scope="module")
def drawn():
    """Every picture, laid out once."""
    made = {}
    for name, draw in drawings.PICTURES.items():
        made[name] = draw()
        made[name].set_dpi(110)
        made[name].draw_without_rendering()
    return made


def test_every_public_picture_is_drawn():
    named = {name for call in drawings.PICTURES.values() for name in call.__code__.co_names}
    assert named >= set(plots.__all__) - {"plot_comparison"}  # has a test of its own, on runs


@pytest.mark.parametrize("name", drawings.PICTURES)
def test_axes_have_units_or_names(drawn, name):
    axes = drawn[name].axes[0]
    for axis in (axes.xaxis, axes.yaxis):
        label = axis.get_label_text()
        if label:
            assert any(unit in label for unit in UNITS), label
        else:
            names = [text.get_text() for text in axis.get_ticklabels()]
            assert names or name == "nothing emerging"
            assert not any(one.lstrip("−-").replace(",", "").replace(".", "").isdigit() for one in names)
        assert label[:1] == label[:1].upper()
    assert axes.get_title("left")[:1] == axes.get_title("left")[:1].upper()


@pytest.mark.parametrize("name", drawings.PICTURES)
def test_no_text_is_cut_or_hides_another(drawn, name):
    figure = drawn[name]
    boxes = list(texts(figure))
    whole = figure.bbox
    for text, box in boxes:
        inside = box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1 and box.y0 >= whole.y0 - 1 and box.y1 <= whole.y1 + 1
        assert inside, f"{text.get_text()!r} leaves the picture"
    for (one, mine), (other, its) in combinations(boxes, 2):
        across = min(mine.x1, its.x1) - max(mine.x0, its.x0)
        along = min(mine.y1, its.y1) - max(mine.y0, its.y0)
        assert across < 1.5 or along < 1.5, f"{one.get_text()!r} over {other.get_text()!r}"


@pytest.mark.parametrize("name", drawings.PICTURES)
def test_the_legend_hides_nothing(drawn, name):
    axes = drawn[name].axes[0]
    if axes.get_legend() is not None:
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize("name", drawings.PICTURES)
def test_marks_stand_out_from_white(drawn, name):
    for artist, colours in marks(drawn[name].axes[0]):
        assert max(contrast(one, WHITE) for one in colours) >= 3, artist


@pytest.mark.parametrize("name", ONE_EACH)
def test_it_draws_into_dark_axes_and_leaves_pyplot_alone(name):
    open_figures = pyplot_figures()
    with matplotlib.rc_context({"axes.facecolor": BLACK, "figure.facecolor": BLACK, "axes.labelcolor": WHITE}):
        figure = Figure(figsize=(8, 6))
        mine = figure.add_subplot()
        assert drawings.PICTURES[name](ax=mine) is figure
    for artist, colours in marks(mine):
        assert max(contrast(one, BLACK) for one in colours) >= 3, artist
    for text in (mine._left_title, mine.xaxis.label, mine.yaxis.label, *mine.texts):
        own = axes_colour(text, mine)
        assert contrast(text.get_color(), own) >= 3, text.get_text()
    assert pyplot_figures() == open_figures


def pyplot_figures():
    """Figures that pyplot knows of, without loading it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot and pyplot.get_fignums()


def axes_colour(text, axes):
    """What a text is written on: the bar or the cell under it, or the ground."""
    cells = [one for one in axes.collections if one.get_array() is not None]
    if text in axes.texts and cells and same_as_white(text):
        return cells[0].get_cmap()(0.6 + 0.01)
    bars = [one for one in axes.patches if text in axes.texts and over(text, one)]
    return bars[0].get_facecolor() if bars else BLACK


def same_as_white(text):
    return to_rgba(text.get_color()) == to_rgba(WHITE)


def over(text, bar):
    box = text.get_window_extent()
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    return bar.get_window_extent().contains(*middle)


def korean_font():
    return any("nanum" in path.lower() or "cjk" in path.lower() for path in findSystemFonts())


@pytest.mark.skipif(not korean_font(), reason="no Korean font on this system")
@pytest.mark.parametrize("name", drawings.PICTURES)
def test_one_font_holds_every_letter(drawn, name):
    from matplotlib.font_manager import FontProperties, findfont, get_font

    families = {tuple(text.get_fontfamily()) for text, _ in texts(drawn[name])}
    assert len(families) == 1
    font = get_font(findfont(FontProperties(family=families.pop()[0])))
    written = {letter for text, _ in texts(drawn[name]) for letter in text.get_text() if not letter.isspace()}
    assert {letter for letter in written if not font.get_char_index(ord(letter))} <= {"−", "…", "²"}


def test_the_colours_stand_out_on_both_grounds_and_from_one_another():
    for colour in (*COLOURS, GREY):
        assert contrast(colour, WHITE) >= 3
        assert contrast(colour, BLACK) >= 3
        assert contrast(colour, "#0d1117") >= 3  # where pages are dark without being black
    for kind, matrix in SIGHTS.items():
        seen = [lab(np.clip(matrix @ linear(colour), 0, 1)) for colour in COLOURS]
        nearest = min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))
        assert nearest > 0.09, kind


#: Machado, Oliveira & Fernandes (2009), a model of colour vision deficiency: matrices for those who lack a cone.
SIGHTS = {
    "usual": np.eye(3),
    "deutan": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "protan": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "tritan": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def linear(colour):
    channels = np.array(to_rgba(colour)[:3])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(channels):
    """Oklab (Ottosson 2020), in which distances are as they are seen."""
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]])
    seen = np.array([[0.2105, 0.7936, -0.0041], [1.978, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return seen @ np.cbrt(cones @ channels)
