"""What the model expected in a hidden shot's place, beside what is really there and what copying would show."""

from __future__ import annotations

from workbench.views import palette
from workbench.views.frames import Frame, column, styled, triptych
from workbench.views.wording import baseline_deed, grouped, ordinal


def expected_sentence(model_rank: int, baseline_rank: int, among: int, where: str, best_baseline_name: str) -> str:
    """The ranks of the true shot, in words, whoever did better.

    where  "this title" or "the catalog"
    """
    of = f"Of the {grouped(among)} shots of {where}, the real one is"
    deed = baseline_deed(best_baseline_name)
    if model_rank == baseline_rank:
        return f"{of} the {ordinal(model_rank)} choice both of the model and of {deed}."
    return f"{of} the model’s {ordinal(model_rank)} choice; {deed} makes it the {ordinal(baseline_rank)}."


def expected_html(
    truth: Frame, model: list[Frame], baseline: list[Frame], *, copying: str = "Copying would show"
) -> str:
    """Three large shots side by side, under the two guesses their next choices.

    model, baseline  the picks, nearest first
    """
    columns = [column("The real shot", palette.TRUTH, truth)]
    for heading, colour, picks in (
        ("The model expected", palette.MODEL, model),
        (copying, palette.BASELINE, baseline),
    ):
        if picks:
            columns.append(column(heading, colour, picks[0], picks[1:]))
    return styled(triptych(columns))
