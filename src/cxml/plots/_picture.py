"""A Figure that a notebook shows without pyplot. Imported inside functions only, for it loads matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib Figure with the PNG that IPython asks for when it is the last line of a cell."""

    def _repr_png_(self) -> bytes:
        held = BytesIO()
        self.savefig(held, format="png", dpi=110)
        return held.getvalue()
