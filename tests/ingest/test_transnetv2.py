"""TransNetV2: the loading code is the real one, and weights set by hand make it a detector whose cuts are known."""

from __future__ import annotations

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from tests.ingest.conftest import PLACES, Scene, write_film

pytestmark = pytest.mark.slow  # torch
torch = pytest.importorskip("torch")
from msm.ingest.detector import Frame  # noqa: E402
from msm.ingest.detectors.transnetv2 import STEP, WINDOW, TransNetDetector, TransNetV2, load_transnet  # noqa: E402


def by_colour() -> TransNetV2:
    """A transition is where the colours of the next frame are others: everything else is set to zero."""
    network = TransNetV2()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.color_hist_layer.fc.weight[0, 51], network.color_hist_layer.fc.bias[0] = -10, 10
        network.fc1.weight[0, 0] = 1
        network.cls_layer1.weight[0, 0], network.cls_layer1.bias[0] = 5, -5
    return network


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("transnet")
    save_file(by_colour().state_dict(), folder / "colour.safetensors")
    torch.save(by_colour().state_dict(), folder / "colour.pth")
    return folder


def random_frames(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (count, 27, 48, 3), dtype=np.uint8)


def as_seen(number: int, frame: np.ndarray) -> Frame:
    return Frame(number, number / 25, frame, 0.0, lambda width, height: frame)


def test_its_parameters_are_those_that_were_published():
    shapes = {name: tuple(p.shape) for name, p in TransNetV2().state_dict().items()}
    assert len([n for n in shapes if n.startswith("SDDCNN.")]) == 3 * 2 * (4 * 2 + 5)
    assert shapes["SDDCNN.2.DDCNN.1.Conv3D_8.layers.1.weight"] == (64, 128, 3, 1, 1)
    assert shapes["frame_sim_layer.projection.weight"] == (128, 448)
    assert shapes["color_hist_layer.fc.weight"] == (128, 101)
    assert shapes["fc1.weight"] == (1024, 4864)


@pytest.mark.parametrize("count", [1, 76, 130])
def test_frames_that_come_one_by_one_are_judged_as_in_one_long_film(count):
    torch.manual_seed(3)
    network, frames = TransNetV2(), random_frames(count)
    torch.nn.init.normal_(network.cls_layer1.weight, std=2)  # so that some frames are transitions and some are not
    detector = TransNetDetector(network)
    told = {n for i in range(count) if (n := detector.push(as_seen(i, frames[i]))) is not None}
    cuts = detector.finish(count)
    assert told == {c for c in cuts if c < count - detector.delay}

    padded = np.concatenate([frames[:1]] * 25 + [frames] + [frames[-1:]] * (WINDOW + STEP))
    found = []
    for first in range(0, count, STEP):
        with torch.inference_mode():
            found.append(network(torch.from_numpy(padded[first : first + WINDOW])[None])[0, 25:75].numpy())
    transition = np.concatenate(found)[:count] > 0.5
    assert cuts == {i for i in range(1, count) if transition[i - 1] and not transition[i]}


@pytest.mark.parametrize("name", ["colour.safetensors", "colour.pth"])
def test_an_ingest_cuts_where_the_network_says(weights, film, name):
    chosen = IngestOptions(detector="transnetv2", detector_weights=weights / name, media=False)
    report = ingest([film], film.parent / "catalog", chosen)
    assert report.failed == {}
    (title,) = catalog = Catalog.open(film.parent / "catalog")
    np.testing.assert_allclose(title.shots["start_s"], range(len(PLACES)), atol=1e-3)
    assert catalog.provenance["ingest"]["detector"] == "TransNetV2"


def test_a_cut_near_the_end_of_a_long_film_is_found(weights, tmp_path):
    film = write_film(tmp_path / "film.mp4", [Scene(0, seconds=15), Scene(1, seconds=0.5), Scene(2, seconds=0.1)])
    ingest([film], tmp_path / "catalog", IngestOptions(detector="transnetv2", detector_weights=weights / "colour.pth"))
    (title,) = Catalog.open(tmp_path / "catalog")
    np.testing.assert_allclose(title.shots["start_s"], [0, 15, 15.5], atol=1e-3)


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch evil-was-here",)


@pytest.mark.parametrize("kind", ["text", "other", "evil", "missing"])
def test_weights_that_are_none_are_named_and_never_run(tmp_path, film, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    if kind == "text":
        path.write_text("hello")
    elif kind == "other":
        torch.save({"fc1.weight": torch.zeros(3)}, path)
    elif kind == "evil":
        torch.save({"fc1.weight": Evil()}, path)
    chosen = IngestOptions(detector="transnetv2", detector_weights=path)
    with pytest.raises(InputError, match="is missing" if kind == "missing" else "does not hold the weights"):
        ingest([film], tmp_path / "catalog", chosen)
    assert not (tmp_path / "evil-was-here").exists() and not (tmp_path / "catalog").exists()


def test_detector_and_weights_go_together(weights):
    for choices in ({"detector": "transnetv2"}, {"detector_weights": weights / "colour.pth"}, {"detector": "magic"}):
        with pytest.raises(InputError, match="--detector"):
            IngestOptions(**choices)


def test_weights_are_loaded_once(weights):
    assert load_transnet(weights / "colour.pth") is load_transnet(weights / "colour.pth")
