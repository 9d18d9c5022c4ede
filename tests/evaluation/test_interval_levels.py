"""Every interval that a report, a probe, a verdict or an ablation gives is of 95 %: neither narrower nor wider."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from msm import baselines
from msm.ablation import statistics
from msm.evaluation import report
from msm.evaluation.probes import scores
from workbench.views.fill_in import verdict

LEVEL = 0.95
TITLES = 400


def table(rng: np.random.Generator, num_titles: int = TITLES) -> pd.DataFrame:
    """One hidden shot a title; the model errs by noise of its own, every baseline predicts 0."""
    titles = [f"title-{i}" for i in range(num_titles)]
    rows = {"model": rng.standard_normal(num_titles)} | dict.fromkeys(baselines.NAMES, np.zeros(num_titles))
    tables = [
        pd.DataFrame(
            {"title_id": titles, "predictor": name, "centred_cosine": values, "distance": 1, "rank_share": 0.5}
        )
        for name, values in rows.items()
    ]
    return pd.concat(tables, ignore_index=True).assign(cosine=0.0)


def of_report(which: Callable[[pd.DataFrame], dict[str, float]]) -> float:
    """The level of a report's interval, from its width in standard errors."""
    scored = table(np.random.default_rng(1))
    model = scored.loc[scored["predictor"] == "model", "centred_cosine"]
    found = which(scored)
    half = (found["high"] - found["low"]) / 2 / (model.std(ddof=0) / len(model) ** 0.5)
    return 2 * float(stats.norm.cdf(half)) - 1


WIDTHS = {
    "of the model": lambda t: report.intervals(t, "linear")["centred_cosine"],
    "of the skill": lambda t: report.intervals(t, "linear")["skill"],
    "of the difference": lambda t: report.intervals(t, "linear")["difference"],
    "by distance": lambda t: report.by_distance(t, "linear", ((1, None),))[0]["difference"],
    "by ratio": lambda t: report.by_ratio(t, 0.2)["difference"],
}


@pytest.mark.parametrize("which", WIDTHS.values(), ids=WIDTHS)
def test_an_interval_of_the_report_is_of_95_percent(which):
    assert of_report(which) == pytest.approx(LEVEL, abs=0.012)


def test_an_interval_of_a_probe_holds_the_middle_95_percent_of_the_resamplings():
    assert scores.interval(np.arange(1001.0)) == pytest.approx({"low": 25.0, "high": 975.0})
    assert scores.interval(np.r_[np.arange(1001.0), np.full(50, np.nan)]) == pytest.approx({"low": 25.0, "high": 975.0})
    assert scores.interval(np.arange(20.0)) is not None and scores.interval(np.arange(19.0)) is None


def test_the_interval_of_a_verdict_is_students_of_95_percent():
    gap = pd.Series(np.random.default_rng(2).standard_normal(9))
    known = stats.ttest_1samp(gap, 0).confidence_interval(LEVEL)
    assert verdict.interval(gap) == pytest.approx((known.low, known.high))


def test_the_interval_of_an_ablation_is_students_of_95_percent_over_seeds_and_over_titles():
    rng = np.random.default_rng(3)
    by_seed, by_title = rng.standard_normal((3, 1)), rng.standard_normal((1, 12))
    seeds = statistics.estimate(by_seed, np.ones(1), statistics.own_noise(by_seed[:, 0]))
    titles = statistics.estimate(by_title, np.ones(12), (float("nan"), 0.0))
    known = stats.ttest_1samp(by_seed[:, 0], 0).confidence_interval(LEVEL)
    known_titles = stats.ttest_1samp(by_title[0], 0).confidence_interval(LEVEL)

    assert (seeds.low, seeds.high) == pytest.approx((known.low, known.high))
    assert seeds.same_titles == pytest.approx((known.low, known.high))
    assert (titles.low, titles.high) == pytest.approx((known_titles.low, known_titles.high))


def test_the_word_of_an_ablation_follows_the_same_level_as_its_interval():
    assert statistics.verdict(1.0, 0.0499) == "better" and statistics.verdict(-1.0, 0.0499) == "worse"
    assert statistics.verdict(1.0, 0.0501) == statistics.verdict(-1.0, 0.9) == "no difference seen"
    rng = np.random.default_rng(4)
    for _ in range(50):
        found = statistics.estimate(rng.normal(0.5, 1, (1, 12)), np.ones(12), (float("nan"), 0.0))
        outside = found.low > 0 or found.high < 0
        assert outside == (statistics.verdict(found.difference, found.p) != "no difference seen")


def test_titles_too_few_to_speak_for_others_have_no_interval():
    rng = np.random.default_rng(5)
    assert report.intervals(table(rng, report.FEWEST_TITLES - 1), "linear") is None
    assert report.intervals(table(rng, report.FEWEST_TITLES), "linear") is not None
    assert "low" not in report.by_ratio(table(rng, report.FEWEST_TITLES - 1), 0.2)["difference"]
