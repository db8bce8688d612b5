"""Fonts for Korean labels, where a font has them and where none has."""

import logging
import warnings
from io import BytesIO

import pytest
from matplotlib import font_manager

from cxml.plots import fonts, plot_importance
from cxml.plots._words import amount

KOREAN = ["계약 형태", "가입 개월"]


@pytest.fixture
def installed(monkeypatch):
    """Offer chosen fonts only, beside those that ship with matplotlib; the system holds no other."""
    shipped = [font for font in font_manager.fontManager.ttflist if font.name.startswith(("DejaVu", "Last Resort"))]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", shipped)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    forget()
    yield shipped
    forget()


def forget():
    """Let fonts be looked for anew, and their lack be told anew."""
    font_manager.fontManager._findfont_cached.cache_clear()
    fonts._add_new_fonts.cache_clear()
    fonts._warn_of_boxes.cache_clear()


def test_latin_labels_keep_the_usual_font(installed):
    assert fonts.font_family(["Contract", "tenure −1 %"]) == ["DejaVu Sans"]


def test_without_a_korean_font_one_warning_names_fonts_and_nothing_else_is_said(installed, caplog):
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            plot_importance(KOREAN, [1, 2], event="해지").savefig(BytesIO())
    assert [each.category for each in caught] == [UserWarning]
    assert "Install NanumGothic or Noto Sans CJK KR" in str(caught[0].message)
    assert caplog.records == []


def test_a_korean_font_is_chosen_when_letters_need_it(installed, monkeypatch):
    def add(name):
        installed.append(font_manager.FontEntry(fname=f"/fonts/{name}", name=name))

    class Font:
        def __init__(self, path):
            self.korean = "Nanum" in str(path)

        def get_char_index(self, letter):
            return int(letter < 128 or self.korean)

    add("NanumGothic")
    monkeypatch.setattr(font_manager, "findfont", lambda properties, **_: properties.get_family()[0])
    monkeypatch.setattr(font_manager, "get_font", Font)
    assert fonts.font_family(KOREAN) == ["NanumGothic", "DejaVu Sans"]
    assert fonts.font_family(["contract"]) == ["DejaVu Sans"]


def test_a_font_that_came_after_matplotlib_listed_them_is_found(installed, monkeypatch):
    added = []
    files = ["/fonts/Else.ttf", "/fonts/Nanum Gothic.ttf", installed[0].fname]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: files)
    monkeypatch.setattr(font_manager.fontManager, "addfont", added.append)
    with pytest.warns(UserWarning, match="none is installed"):  # addfont is a stand-in that adds nothing
        fonts.font_family(KOREAN)
    assert added == ["/fonts/Nanum Gothic.ttf"]


def test_the_users_font_goes_first_when_it_holds_the_letters(installed):
    import matplotlib

    with matplotlib.rc_context({"font.family": ["DejaVu Serif"]}):
        assert fonts.font_family(["Contract"]) == ["DejaVu Serif", "DejaVu Sans"]
    with matplotlib.rc_context({"font.family": "monospace"}):
        assert fonts.font_family(["Contract"])[0] == "DejaVu Sans Mono"


def test_tick_labels_get_the_font_too(installed):
    with pytest.warns(UserWarning, match="none is installed"):
        (axes,) = plot_importance(KOREAN, [1, 2]).axes
    axes.set_yticks(range(9), labels=KOREAN[:1] * 9)  # ticks that did not exist when the picture was made
    families = {tuple(text.get_fontfamily()) for text in (*axes.get_yticklabels(), axes._left_title, axes.xaxis.label)}
    assert len(families) == 1
    assert families.pop()[-1] == "Last Resort High-Efficiency"


@pytest.mark.parametrize(
    ("value", "text"), [(8.537, "8.54"), (-0.5, "−0.50"), (99.999, "100.00"), (21340.2, "21,340"), (0, "0")]
)
def test_amounts_have_the_digits_a_reader_uses(value, text):
    assert amount(value) == text
