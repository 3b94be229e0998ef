"""The same page gives the same notebook, however the kernel cut what was printed."""

import pytest
from nbformat.v4 import new_output

from tools.book import chapters
from tools.cache import read
from tools.notebook import build

PAGE = chapters()[0]


def printed(*outputs):
    """What the notebook shows below the first code cell that has such outputs."""
    executed = read(PAGE)
    cell = next(cell for cell in executed.cells if cell.cell_type == "code")
    cell.outputs = [new_output("stream", name=o[0], text=o[1]) if o else FIGURE for o in outputs]
    made = build(PAGE, executed)
    found = next(other for other in made.cells if other.cell_type == "code" and other.source == cell.source)
    return [(o.get("name"), o.get("text")) for o in found.outputs]


FIGURE = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})


@pytest.mark.parametrize(
    ("outputs", "shown"),
    [
        ([("stdout", "a\nb\n")], [("stdout", "a\nb\n")]),
        ([("stdout", "a\n"), ("stdout", "b\n")], [("stdout", "a\nb\n")]),
        ([("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")],
         [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")]),
        ([("stdout", "a\n"), None, ("stdout", "b\n")], [("stdout", "a\n"), (None, None), ("stdout", "b\n")]),
    ],
)  # fmt: skip
def test_pieces_of_one_stream_are_one_output(outputs, shown):
    assert printed(*outputs) == shown
