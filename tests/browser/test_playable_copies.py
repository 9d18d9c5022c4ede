"""Chromium plays the copies that `msm ingest` makes: pictures, sound and length are those of the shots."""

from __future__ import annotations

import base64
import functools
import io
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.ingest.ffmpeg_films import FRAME_S, Ingested, Kind, first_sound_s, grid_of, ingested, make_clip
from tests.ingest.film_kinds import COMMON, RARE

pytestmark = pytest.mark.browser

PLAY = """async ([address, times]) => {
  const video = document.createElement('video')
  const happens = (name) => new Promise((done, fail) => {
    video.addEventListener(name, done, {once: true})
    video.addEventListener('error', () => fail(new Error(video.error.message)), {once: true})
  })
  document.body.replaceChildren(video)
  video.src = address
  video.muted = true
  await happens('loadeddata')
  const canvas = document.createElement('canvas')
  canvas.width = video.videoWidth
  canvas.height = video.videoHeight
  const pictures = []
  for (const time of times) {
    const drawn = new Promise((done) => video.requestVideoFrameCallback(done))
    video.currentTime = time
    await happens('seeked')
    await Promise.race([drawn, new Promise((done) => setTimeout(done, 500))])  // none where it stands on the same frame
    canvas.getContext('2d').drawImage(video, 0, 0)
    pictures.push(canvas.toDataURL('image/png').split(',')[1])
  }
  let sound = null
  try {
    const bytes = await (await fetch(address)).arrayBuffer()
    const decoded = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(bytes)
    sound = decoded.getChannelData(0).findIndex((sample) => Math.abs(sample) > 0.05) / 48000
  } catch (error) {
    if (error.name !== 'EncodingError') throw error
  }
  return {pictures, sound, duration: video.duration}
}"""


class Ranges(SimpleHTTPRequestHandler):
    """Serves a folder, and parts of its files as players ask for them; any .html is an empty page."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix == ".html" or not path.is_file():
            return self._answer(200 if path.suffix == ".html" else 404, b"", "text/html")
        whole = path.read_bytes()
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            return self._answer(200, whole, "video/mp4")
        first, last = int(asked[1]), min(int(asked[2] or len(whole)), len(whole) - 1)
        return self._answer(206, whole[first : last + 1], "video/mp4", f"bytes {first}-{last}/{len(whole)}")

    def _answer(self, status: int, body: bytes, kind: str, part: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("played")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_clip(folder / "clip.mkv")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the folder is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Ranges, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check_played(page: Page, address: str, folder: Path, film: Ingested, length_s: float) -> None:
    page.goto(f"{address}/empty.html")
    middles = film.spans.mean(axis=1).tolist()
    played = page.evaluate(PLAY, [f"{address}/{film.copy.relative_to(folder).as_posix()}", middles])
    for shot, picture in enumerate(played["pictures"]):
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"), dtype=float)
        thumbnail = film.thumbnail(shot)
        assert shown.shape[0] / shown.shape[1] == pytest.approx(thumbnail.shape[0] / thumbnail.shape[1], rel=0.03)
        difference = np.abs(grid_of(shown) - grid_of(thumbnail))
        assert difference.mean() < 4 and difference.max() < 16, (shot, difference.max())
    begins_s = first_sound_s(film.source)
    assert (played["sound"] is None) == (begins_s is None)
    if begins_s is not None:
        assert played["sound"] == pytest.approx(begins_s - film.zero_s, abs=0.05)
    assert played["duration"] == pytest.approx(length_s, abs=FRAME_S)


def check_kind(kind: Kind, page: Page, address: str, clip: Path, folder: Path) -> None:
    film = ingested(kind.make(clip, folder))
    check_played(page, address, folder, film, max(film.spans[-1, 1], 4 + (kind.sound_s or 0)))


@pytest.mark.parametrize("kind", COMMON, ids=lambda kind: kind.name)
def test_a_browser_shows_and_sounds_what_the_shots_were_taken_from(kind, page, address, clip, folder):
    check_kind(kind, page, address, clip, folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RARE, ids=lambda kind: kind.name)
def test_a_browser_plays_copies_of_rarer_kinds_of_film_too(kind, page, address, clip, folder):
    check_kind(kind, page, address, clip, folder)
