"""Questions that wait at the same time are answered together, and a bad one fails alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from msm.inference.predict import contextual_embeddings, predict_hidden
from msm.inference.together import embed_together, predict_together
from msm.serving.batching import Batcher


def test_questions_that_come_while_a_batch_is_answered_are_answered_together():
    started, go = threading.Event(), threading.Event()
    sizes: list[int] = []

    def double(numbers):
        started.set()
        go.wait(10)
        return [2 * n for n in numbers]

    batcher = Batcher(double, together=4, wait_s=0, on_batch=sizes.append)
    with ThreadPoolExecutor(7) as pool:
        first = pool.submit(batcher.ask, 0)
        started.wait(10)
        others = [pool.submit(batcher.ask, n) for n in range(1, 7)]
        while batcher._waiting.qsize() < 6:
            pass
        go.set()
        answers = [one.result(10) for one in [first, *others]]
    batcher.close()

    assert answers == [0, 2, 4, 6, 8, 10, 12]
    assert sizes == [1, 4, 2]


def test_a_question_that_fails_fails_alone():
    def inverse(numbers):
        return [1 / n for n in numbers]

    batcher = Batcher(inverse, together=3, wait_s=0.2)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(batcher.ask, n) for n in (2, 0, 4)]
        with pytest.raises(ZeroDivisionError):
            asked[1].result(10)
        assert [asked[0].result(10), asked[2].result(10)] == [0.5, 0.25]
    batcher.close()


@pytest.mark.parametrize("name", ["mediafm", "mae", "neighbour", "bassl"])
def test_titles_of_different_lengths_get_in_one_forward_pass_what_they_get_alone(tmp_path, name):
    run, titles = small_run(tmp_path, name)
    masked = [run.mask(title, [1, title.num_shots - 1]) for title in titles]
    together = predict_together(run.model, masked)
    embedded = embed_together(run.model, [(one.shots, one.told) for one in masked])

    for one, predicted, vectors in zip(masked, together, embedded, strict=True):
        alone = predict_hidden(run.model, one.shots, one.given, one.told)
        np.testing.assert_allclose(predicted, alone, atol=2e-5)
        np.testing.assert_allclose(vectors, contextual_embeddings(run.model, one.shots, one.told)[0], atol=1e-4)


def small_run(folder, name):
    """A run whose windows of 8 shots cut the titles, with metadata for [GLOBAL]."""
    from msm import Catalog, Run, TitleData
    from msm.data.catalog import modalities_of
    from msm.recipes.presets import preset
    from msm.training.trainer import pick_device, start_run, train

    rng = np.random.default_rng(0)

    def title(split, count):
        shots, about = rng.standard_normal((count, 12)), rng.standard_normal(3)
        return TitleData(title_id=f"{split}-{count}", split=split, embeddings=shots, global_embedding=about)

    titles = [title(split, n) for split, n in (("train", 20), ("train", 9), ("validation", 11), ("test", 7))]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of({"video": 8, "audio": 4}))
    settings = {
        "steps": 2,
        "model.width": 16,
        "model.depth": 1,
        "model.heads": 2,
        "model.max_shots": 8,
        "batch_windows": 2,
        "window": 0,
    }
    recipe = preset(name).with_settings([f"{key}={value}" for key, value in settings.items()])
    device = pick_device("cpu")
    train(start_run(catalog, folder / "run", recipe, device=device), catalog, device=device)
    return Run.open(folder / "run"), list(catalog)
