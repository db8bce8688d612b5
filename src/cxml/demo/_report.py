"""The report of a demo: one page of HTML that needs no network, no script and no font of its own.

Plain string templates: what is put into them is escaped where it enters, by `_text`.
"""

from __future__ import annotations

import platform
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from cxml import __version__
from cxml.demo._chapter import Chapter, Grid, Picture, Section, Sentence, Source
from cxml.demo._telling import right_columns

if TYPE_CHECKING:
    from datetime import datetime

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #ffffff; --box: #f3f5f8;
  --mark: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9da7b1; --line: #3d444d; --back: #14171c;
  --box: #1f242b; --mark: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--back); color: var(--ink);
  font: 16px/1.6 system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "NanumGothic", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.35rem; margin: 3.5rem 0 0; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
p { margin: .5rem 0; }
a { color: var(--mark); }
.soft, figcaption, dt { color: var(--soft); }
.question { font-size: 1.15rem; margin: .2rem 0 1rem; }
.lead { margin: .6rem 0; padding: .6rem .9rem; background: var(--box); border-left: 4px solid var(--mark); }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; white-space: nowrap; }
th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
.figure { text-align: right; font-variant-numeric: tabular-nums; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line);
  border-radius: 6px; }
pre { margin: .3rem 0 .8rem; padding: .6rem .8rem; background: var(--box); border-radius: 6px; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
dl { margin: .5rem 0; } dt { font-size: .85rem; } dd { margin: 0 0 .5rem; }
code { overflow-wrap: anywhere; }
nav a { margin-right: 1rem; }
"""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>cxml: what was learned</title>
<style>{style}</style>
</head>
<body>
<h1>cxml: what was learned</h1>
<p class="soft">{made}</p>
{summary}
<p class="soft">Figures are of what the judged model never saw, with a 95 % interval; the baseline is the best of those
that were judged on the same rows. s: seconds to learn, judge and record.</p>
<h3>Next</h3>
{next}
<nav>{links}</nav>
{chapters}
</body>
</html>
"""

_CHAPTER: Final = """<section id="{name}">
<h2>{title}</h2>
<p class="question">{question}</p>
{leads}
<div class="pictures">{pictures}</div>
<h3>The data</h3>
{sources}
<h3>The verdict</h3>
{verdicts}
{sections}
<h3>Limits and notes</h3>
{notes}
<h3>What to type next</h3>
{commands}
<h3>Files</h3>
{files}
</section>
"""


def write_report(
    chapters: Sequence[Chapter], summary: Grid, following: Mapping[str, str], *, seconds: float, when: datetime
) -> str:
    """Write the report of a demo.

    Parameters
    ----------
    chapters : sequence of Chapter
        One for each family.
    summary : Grid
        The one table of all trainings.
    following : mapping of str to str
        What is to be typed next: what it is for -> the command.
    seconds : float
        How long all of it took.
    when : datetime
        When it was done.

    Returns
    -------
    str
        A page of HTML that holds its pictures.
    """
    made = (
        f"cxml {__version__} on Python {platform.python_version()}, {when:%Y-%m-%d %H:%M}, {seconds:.0f} s in all. "
        "This page holds its pictures and needs no network."
    )
    return _PAGE.format(
        style=_STYLE,
        made=_text(made),
        summary=_table(summary),
        next=_commands(following),
        links="".join(f'<a href="#{_text(one.family)}">{_text(one.title)}</a> ' for one in chapters),
        chapters="".join(_chapter(one) for one in chapters),
    )


def _chapter(one: Chapter) -> str:
    compare = f"cxml.compare({one.family!r})"
    notes = [
        *one.notes,
        f"All runs, the baselines' too, are in MLflow, in the experiment cxml/{one.family}: {compare}.",
    ]
    return _CHAPTER.format(
        name=_text(one.family),
        title=_text(one.title[:1].upper() + one.title[1:]),
        question=_text(one.question),
        leads="".join(_sentence(said, "lead") for said in one.leads),
        pictures="".join(_picture(picture) for picture in one.pictures),
        sources="".join(_source(source) for source in one.sources),
        verdicts="".join(f"<p>{_text(done.data)}</p>{_table(done.grid())}" for done in one.trainings),
        sections="".join(_section(section) for section in one.sections),
        notes=_listed(_text(note) for note in notes),
        commands=_commands(one.commands),
        files=_listed(f"{_text(what)}: <code>{_text(str(place))}</code>" for what, place in one.files.items()),
    )


def _source(source: Source) -> str:
    return (
        f"<p><b>{_text(source.title)}.</b> {_text(source.description)}</p><dl><dt>Source</dt><dd>{_text(source.source)}"
        f"</dd><dt>Licence</dt><dd>{_text(source.licence)}</dd></dl>"
    )


def _section(section: Section) -> str:
    said = "".join(_table(one) if isinstance(one, Grid) else _sentence(one) for one in section.said)
    return f"<h3>{_text(section.heading)}</h3>{said}"


def _sentence(said: Sentence, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    language = f' lang="{_text(said.language)}"' if said.language != "en" else ""
    return f"<p{named}{language}>{_text(said.text)}</p>"


def _picture(picture: Picture) -> str:
    inside = b64encode(picture.png).decode("ascii")
    title = _text(picture.title)
    return f'<figure><img alt="{title}" src="data:image/png;base64,{inside}"><figcaption>{title}</figcaption></figure>'


def _table(grid: Grid) -> str:
    if not grid.rows:
        return ""
    kinds = [' class="figure"' if right else "" for right in right_columns(grid.rows)]
    heads = "".join(f"<th{kind}>{_text(name)}</th>" for kind, name in zip(kinds, grid.columns, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{kind}>{_text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in grid.rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _commands(commands: Mapping[str, str]) -> str:
    return "".join(f"<p>{_text(what)}</p><pre>{_text(command)}</pre>" for what, command in commands.items())


def _listed(lines: Iterable[str]) -> str:
    """A list of lines of HTML."""
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _text(text: str) -> str:
    return escape(text, quote=True)
