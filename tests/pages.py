"""The pages that people read, and what stands in them: code, commands, headings, links."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.ko.md"]
DOCS = sorted((ROOT / "docs").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [*READMES, ROOT / "CHANGELOG.md", *DOCS, *sorted((ROOT / "models").rglob("*.md")), *NOTEBOOKS]


def text_of(page):
    """Its Markdown; of a notebook that of all its cells of text."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def blocks(text, language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.S | re.M)


def prose(text):
    """What is no fenced block."""
    return re.sub(r"^```.*?^```\n", "", text, flags=re.S | re.M)


def run_code(page, names=(), quicker=()):
    """Run the Python of a page from top to bottom; answers with the names that it leaves behind.

    `quicker` maps what stands there to what is run instead, so that a test need not wait for what a reader would; each
    must occur.
    """
    names, source = dict(names), "\n".join(blocks(text_of(page), "python"))
    for found, instead in dict(quicker).items():
        assert found in source, f"{page.name} no longer holds {found}"
        source = source.replace(found, instead)
    exec(compile(source, page.name, "exec", dont_inherit=True), names)
    return names


def anchors(text):
    """The anchors that GitHub gives to headings: letters of any script, in small, with hyphens for blanks."""
    seen, found = {}, set()
    for title in re.findall(r"^#{1,6} +(.+?) *#*$", prose(text), flags=re.M):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
        seen[slug] = seen.get(slug, 0) + 1
    return found


def links(text):
    """Where the links and pictures of a page lead."""
    plain = re.sub(r"`[^`\n]*`", "", prose(text))
    return [*re.findall(r"\]\(([^)]*)\)", plain), *re.findall(r"(?:src|href|srcset)=\"([^\"]*)\"", plain)]


def commands(text):
    """The lines of its shell blocks, continued ones joined, without comments and empty ones."""
    for block in blocks(text, "(?:sh|shell|bash|console)"):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"(^|\s)#.*$", "", line).removeprefix("$ ").strip()
            if command:
                yield command
