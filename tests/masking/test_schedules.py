import pytest

from msm.masking import at_step, ratio_at
from msm.recipes.masking import SCHEDULES, MaskConfig


def test_the_ratio_goes_from_its_start_to_its_end():
    cfg = {"start_ratio": 0.1, "ratio": 0.5}
    courses = {s: [ratio_at(i, 101, MaskConfig(schedule=s, **cfg)) for i in range(101)] for s in COURSES}
    for name, (start, quarter, middle, end) in COURSES.items():
        course = courses[name]
        assert [course[i] for i in (0, 25, 50, 100)] == pytest.approx([start, quarter, middle, end], abs=1e-6)
        assert course == sorted(course)
    assert len(set(courses["curriculum"])) == 4
    assert at_step(0, 10, MaskConfig(schedule="linear", **cfg)).ratio == pytest.approx(0.1)


COURSES = {
    "constant": (0.5, 0.5, 0.5, 0.5),
    "linear": (0.1, 0.2, 0.3, 0.5),
    "cosine": (0.1, 0.1 + 0.4 * (0.5 - 0.125**0.5), 0.3, 0.5),
    "curriculum": (0.1, 0.1, 0.1 + 0.4 / 3, 0.5),
}


def test_every_schedule_of_the_recipe_is_one_that_can_be_followed():
    assert set(SCHEDULES) == set(COURSES)
