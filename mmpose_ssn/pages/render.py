"""A page as Markdown, CSV and TeX: what has a meaning there is escaped, and tables are laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.files import write_together
from mmpose_ssn.pages.blocks import MARKS, Bullets, Columns, Folded, Heading, Notes, Page, Paragraph, Picture, Table


def write(page: Page, prefix: Path) -> list[Path]:
    """Write a page: its pictures, its CSV files, Markdown, and TeX where it has a table with a label.

    Args:
        page: The page.
        prefix: Path of its files without their endings; those of CSV files and pictures may have a suffix too.

    Returns:
        The files, the Markdown first.
    """

    def file(ending: str) -> Path:
        return prefix.with_name(prefix.name + ending)

    pictures = []
    for picture in page.pictures:
        for ending in (".png", ".pdf") if picture.vector else (".png",):
            pictures.append(file(f"{picture.suffix}{ending}"))
            pictures[-1].parent.mkdir(parents=True, exist_ok=True)
            picture.draw(pictures[-1])
    texts = {file(".md"): to_markdown(page, prefix.name)}
    texts |= {file(f"{suffix}.csv"): to_csv(records) for suffix, records in page.records.items()}
    if any(table.label for table in page.tables):
        texts[file(".tex")] = to_tex(page)
    write_together(texts)
    return [*texts, *pictures]


def to_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Lines of a CSV file; columns in the order in which the lines first have them."""
    return pd.DataFrame(records, dtype=object).to_csv(index=False, lineterminator="\n")


def to_markdown(page: Page, name: str) -> str:
    """A page as GitHub-flavoured Markdown.

    Args:
        page: The page.
        name: Name of its files without their endings.
    """
    parts = [f"# {escape_markdown(page.title)}"]
    if page.notices:
        mark = "> [!WARNING]" if page.meaningless else "> [!IMPORTANT]"
        parts.append("\n".join([mark, "\n>\n".join(f"> {escape_markdown(notice)}" for notice in page.notices)]))
    parts += [_markdown(block, name) for block in page.blocks]
    return "\n\n".join(parts) + "\n"


def to_tex(page: Page) -> str:
    """A page's tables as ``table*`` floats, as wide as a two-column page, for a document that loads ``booktabs``.

    A list that follows a table becomes a note of it, under the heading of the list.
    """
    floats: list[tuple[Table, dict[str, str]]] = []
    heading = ""
    for block in page.blocks:
        if isinstance(block, Heading):
            heading = block.text
        elif isinstance(block, Table) and block.label:
            floats.append((block, dict(block.notes)))
        elif isinstance(block, Bullets) and floats:
            floats[-1][1][heading] = "; ".join(block.lines) + "."
    return "\n".join(_tex_float(page, table, notes) for table, notes in floats)


def markdown_table(columns: Columns) -> str:
    """A GitHub-flavoured Markdown table."""
    headers = ["<br>".join(map(escape_markdown, lines)) for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True)), dtype=object).map(escape_markdown)
    alignment = ["left"] + ["right"] * (len(columns) - 1)
    return cells.to_markdown(index=False, colalign=alignment, disable_numparse=True)


def markdown_notes(topics: Mapping[str, str]) -> str:
    """A list of notes, each under its topic."""
    return "\n".join(f"- **{escape_markdown(topic)}**: {escape_markdown(note)}" for topic, note in topics.items())


def escape_markdown(text: str) -> str:
    """Text that GitHub-flavoured Markdown shows as it is."""
    return text.translate({ord(character): f"\\{character}" for character in "\\`*_|<>"})


def escape_tex(text: str) -> str:
    """Text that TeX sets as it is."""
    return text.translate(_TEX)


@singledispatch
def _markdown(block: Any, name: str) -> str:
    raise TypeError(f"a page has no block of the kind {type(block).__name__}")


@_markdown.register
def _(block: Heading, name: str) -> str:
    return f"## {escape_markdown(block.text)}"


@_markdown.register
def _(block: Paragraph, name: str) -> str:
    lead = f"**{escape_markdown(block.lead)}**" if block.lead else ""
    return lead + escape_markdown(block.text)


@_markdown.register
def _(block: Bullets, name: str) -> str:
    return "\n".join(f"- {escape_markdown(line)}" for line in block.lines)


@_markdown.register
def _(block: Notes, name: str) -> str:
    return markdown_notes(block.topics)


@_markdown.register
def _(block: Folded, name: str) -> str:
    summary = f"<summary>{escape_markdown(block.summary)}</summary>"
    return "\n".join(["<details>", summary, "", block.text, "", "</details>"])


@_markdown.register
def _(block: Picture, name: str) -> str:
    return f"![{block.alt}]({name}{block.suffix}.png)"


@_markdown.register
def _(block: Table, name: str) -> str:
    return "\n\n".join(filter(None, [markdown_table(block.columns), markdown_notes(block.notes)]))


def _tex_float(page: Page, table: Table, notes: Mapping[str, str]) -> str:
    columns = table.columns
    caption = " ".join([f"{page.title}: {table.caption}." if table.caption else f"{page.title}.", *page.notices])
    headers = [r"\shortstack{" + r" \\ ".join(map(escape_tex, lines)) + "}" for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True)), dtype=object).map(escape_tex)
    tabular = cells.to_latex(index=False, escape=False, column_format="l" + "r" * (len(columns) - 1))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape_tex(caption)}}}",
            rf"\label{{{table.label}}}",
            r"\scriptsize",
            r"\setlength{\tabcolsep}{2pt}",
            tabular.rstrip(),
            r"\par\medskip",
            r"\begin{minipage}{\linewidth}",
            r"\raggedright",
            *(rf"\textbf{{{escape_tex(topic)}}}: {escape_tex(note)}\par" for topic, note in notes.items()),
            r"\end{minipage}",
            r"\end{table*}",
            "",
        ]
    )


_TEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "[": "{[}",  # after the \\ of a row it would be read as that row's distance
        "]": "{]}",
        "–": "--",
        "−": "$-$",
        "…": r"\ldots{}",
        "×": r"$\times$",
        "·": r"$\cdot$",
        MARKS[True]: r"$\surd$",
        MARKS[False]: r"$\times$",
    }
)
