"""Plain text as Markdown and TeX: what has a meaning there is escaped, and tables are laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

Columns = Mapping[tuple[str, ...], Sequence[str]]
"""A table's cells by column, in plain text; a header is a tuple of lines. The first column is set flush left."""

MARKS = {True: "✓", False: "✗"}


def escape_markdown(text: str) -> str:
    """Text that GitHub-flavoured Markdown shows as it is."""
    return text.translate({ord(character): f"\\{character}" for character in "\\`*_|<>"})


def markdown_table(columns: Columns) -> str:
    """A GitHub-flavoured Markdown table."""
    headers = ["<br>".join(map(escape_markdown, lines)) for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True)), dtype=object).map(escape_markdown)
    alignment = ["left"] + ["right"] * (len(columns) - 1)
    return cells.to_markdown(index=False, colalign=alignment, disable_numparse=True)


def markdown_list(notes: Mapping[str, str]) -> list[str]:
    """Lines of a list of notes, each under its topic."""
    return [f"- **{escape_markdown(topic)}**: {escape_markdown(note)}" for topic, note in notes.items()]


def tex_table(columns: Columns, caption: str, label: str, notes: Mapping[str, str]) -> str:
    """A ``table*`` float, as wide as a two-column page, for a document that loads ``booktabs``."""
    headers = [r"\shortstack{" + r" \\ ".join(map(escape_tex, lines)) + "}" for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True)), dtype=object).map(escape_tex)
    tabular = cells.to_latex(index=False, escape=False, column_format="l" + "r" * (len(columns) - 1))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape_tex(caption)}}}",
            rf"\label{{{label}}}",
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
        MARKS[True]: r"$\surd$",
        MARKS[False]: r"$\times$",
    }
)


def escape_tex(text: str) -> str:
    """Text that TeX sets as it is."""
    return text.translate(_TEX)
