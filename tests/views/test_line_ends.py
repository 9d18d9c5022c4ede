"""Names at the ends of lines can be read, however close the lines end."""

from __future__ import annotations

import itertools

import plotly.graph_objects as go
import pytest

from workbench.views.line_ends import LABEL_PX, End, label_ends


@pytest.mark.parametrize("ends", [[0.5, 0.5, 0.5], [0.5, 0.501, 0.9], [0.1, 0.9, 0.899, 0.901]])
def test_names_are_at_least_their_height_apart_and_in_the_order_of_their_lines(ends):
    figure, height = go.Figure(go.Scatter(x=[0, 1], y=[0.0, 1.0])), 340
    label_ends(figure, [End(None, y, f"line {i}", "black") for i, y in enumerate(ends)], 1, height)
    places = [a.y for a in figure.layout.annotations]
    assert all(b - a >= 0.999 * LABEL_PX / (height - 60) for a, b in itertools.pairwise(places))
    assert [a.text.strip() for a in figure.layout.annotations] == [
        f"line {i}" for i in sorted(range(len(ends)), key=lambda i: ends[i])
    ]
