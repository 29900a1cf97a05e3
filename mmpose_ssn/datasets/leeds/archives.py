"""The archives of Leeds Sports Pose as they are published, and what each of them puts below a data root.

Their addresses are those of the authors' pages, https://sam.johnson.io/research/lsp.html and lspet.html. Nobody has
published a size or a digest of them. Plain HTTP is tried where HTTPS fails, since most scripts that fetch them use it.
"""

from __future__ import annotations

from pathlib import Path

from mmpose_ssn.datasets.published import Published

HOW_TO_GET = "./run snakemake --cores 1 leeds downloads it (docs/leeds.md)"
"""What a user without Leeds Sports Pose can do."""

LSP, LSP_ORIGINAL, LSPET = "lsp_dataset", "lsp_dataset_original", "lspet_dataset"
FORMS = (LSP, LSP_ORIGINAL)
"""LSP's photos scaled to people of about 150 pixels, on which results are compared, and the same at their own size."""


def _archive(name: str, photos: int, digits: int, unpacked: int) -> Published:
    return Published(
        f"{name}.zip",
        tuple(f"{scheme}://sam.johnson.io/research/{name}.zip" for scheme in ("https", "http")),
        size=None,
        sha256=None,
        files={f"{name}/joints.mat": None},
        folder=f"{name}/images",
        photos=photos,
        photo=rf"im[0-9]{{{digits}}}\.jpg",
        unpacked=unpacked,
        top=name,
        by_hand=f"https://sam.johnson.io/research/{'lspet' if name == LSPET else 'lsp'}.html",
    )


# No size is published. Photos with people of 150 pixels take some 20 kB; a photo of Flickr's seldom takes 1 MB.
PARTS = {
    LSP: _archive(LSP, 2_000, 4, 500_000_000),
    LSP_ORIGINAL: _archive(LSP_ORIGINAL, 2_000, 4, 2_000_000_000),
    LSPET: _archive(LSPET, 10_000, 5, 1_000_000_000),
}
"""The archives by the names of the folders that they fill."""


def chosen_form(root: Path, have: Path | None = None) -> str:
    """The form of LSP that is in place or, else, that a user has; the scaled one where there is neither.

    Args:
        root: Data root.
        have: Folder with what the user has, or None.
    """
    for form in FORMS:
        if not PARTS[form].missing(root):
            return form
    for form in FORMS:
        if have and ((have / PARTS[form].file).is_file() or PARTS[form].own(root, have)):
            return form
    return LSP


def contents(form: str) -> list[Published]:
    """The archives that the set is made of: LSP in one of its two forms, and LSPET.

    Raises:
        ValueError: If there is no such form.
    """
    if form not in FORMS:
        raise ValueError(f"got {form} as the form of LSP; expected {' or '.join(FORMS)}")
    return [PARTS[form], PARTS[LSPET]]
