"""Many people at once on one server: errors, answers, memory, and whether anything of one session shows in another.

    python -m benchmarks.load [--sessions 50] [--browsers 2] [--minutes 10] [--think 10] [--out FILE]

They come one by one within the first tenth of the time. Every session hides shots of its own choice in the masking lab, looks for shots like them, opens the map with its
histograms and finds its title there, and now and then writes a note, over and over, looking at each answer for `--think` seconds (drawn anew each time, half to one and a half). All but `--browsers`
of them are `benchmarks.visitor`s, which speak Streamlit's protocol as a browser does, fetch the pictures of an answer, and
draw nothing; the rest are windows of Chromium that click on the filmstrip. Fifty windows on two cores would measure Chromium.

seconds   of a visitor: from the gesture to the last message of its run; of a window: to the frame that shows the answer
leaks     answers that carried another's title, hidden shots, shots asked for or session
memory    of the server's process and its children, resident, every two seconds; flat = it grows by less than a tenth
          between the first and the last tenth of what follows the warm-up (a fifth of the time)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.lab import FLAGS, WATCH, machine
from benchmarks.visitor import Seen, Visitor
from msm import Catalog
from msm.data.notes import list_notes
from msm.data.ranges import format_ranges
from msm.io import files

ROOT = Path(__file__).parent.parent
ARRIVING, WARM_UP = 0.1, 0.2  # of the time: until all are there, and from when on it counts
MOST_MEDIAN_S = 1.0
MOST_GROWTH = 0.1
HIDE_FIELD, FIND_FIELD, NOTE = "Hidden shots", "Find in titles and subtitles", "Add the note"
MANY_ROUNDS = 3  # in every so many a visitor writes a note


@dataclass
class Told:
    """What happened, as it is gathered; of a gesture its kind, and when after the start it came."""

    began: float
    took: list[tuple[float, str, float]] = field(default_factory=list)  # when, what, seconds
    errors: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # when, MB
    num_bytes: int = 0
    pictures: int = 0

    @property
    def now(self) -> float:
        return time.monotonic() - self.began

    def gesture(self, what: str, seen: Seen) -> None:
        self.took.append((self.now, what, seen.seconds))
        self.num_bytes += seen.num_bytes
        for error in seen.errors:
            self.errors[f"{what}: {error[:200]}"] += 1


class Person:
    """A visitor with a mind of its own: which title, which shots, and what it must therefore see."""

    def __init__(self, number: int, url: str, catalog: Catalog, told: Told):
        self.rng = random.Random(number)
        self.title = list(catalog)[number % len(catalog)]
        self.number, self.url, self.told = number, url, told
        self.visitor = Visitor(url)
        self.hidden: tuple[int, ...] = ()
        self.rounds = 0
        self.session = ""

    def wish(self) -> tuple[int, ...]:
        """Shots to hide, as good as never those of another."""
        shots = range(self.title.num_shots)
        return tuple(sorted(self.rng.sample(shots, min(len(shots) - 1, self.rng.randint(4, 9)))))

    async def stay(self, until: float, think: float) -> None:
        await asyncio.sleep(self.rng.uniform(0, until * ARRIVING))
        self.hidden = self.wish()
        try:
            link = f"title={self.title.title_id}&hidden={format_ranges(self.hidden).replace(' ', '')}&notes=yes"
            await self.notice("come in", await self.visitor.open(link))
            while self.told.now < until:
                await self.round(think)
        except Exception as error:  # a line that broke, a message that nobody understands: counted, and this one leaves
            self.told.errors[f"a session ended: {type(error).__name__}: {error}"[:200]] += 1
        finally:
            await self.visitor.close()

    async def round(self, think: float) -> None:
        for _ in range(2):
            await self.think(think)
            self.hidden = self.wish()
            await self.notice("hide", await self.visitor.type(HIDE_FIELD, format_ranges(self.hidden)))
        for page, what in (("retrieval", "search"), ("map", "map"), ("", "back to the lab")):
            await self.think(think)
            await self.notice(what, await self.visitor.go(page))
            if what == "map":
                await self.think(think)
                await self.find()
        self.rounds += 1
        if self.rounds % MANY_ROUNDS == 1:
            await self.think(think)
            await self.note()

    async def find(self) -> None:
        """Look for the title on the map: its shots are found, and the histograms are there."""
        seen = await self.visitor.type(FIND_FIELD, self.title.name)
        await self.notice("find on the map", seen)
        maps = [c for c in seen.components if "panels" in c]
        if not seen.errors and not (maps and maps[-1]["hits"] and maps[-1]["facets"]):
            self.told.errors["find on the map: no hits or no histograms"] += 1
        await self.visitor.type(FIND_FIELD, "")

    async def note(self) -> None:
        """Write a note on the hidden shot that the panel shows, the most telling one."""
        text = f"Session {self.number} wonders, round {self.rounds}"
        seen = await self.visitor.press(NOTE, Note=text)
        await self.notice("note", seen)
        kept = [n for n in list_notes(self.title.catalog.path) if n.text == text]
        if not kept or kept[0].title_id != self.title.title_id or kept[0].shot not in self.hidden:
            self.leak("note", f"the note stands on {[(n.title_id, n.shot) for n in kept]}")

    async def think(self, seconds: float) -> None:
        await asyncio.sleep(self.rng.uniform(0.5, 1.5) * seconds)

    async def notice(self, what: str, seen: Seen) -> None:
        self.told.gesture(what, seen)
        asked = self.visitor.asked
        if asked.get("title") != self.title.title_id or asked.get("hidden") != _ranges(self.hidden):
            self.leak(what, f"the address says {asked}")
        for strip in seen.strips:
            self.session = self.session or strip["session"]
            if tuple(strip["hidden"]) != self.hidden or not strip["strip"].endswith(f"/{self.title.title_id}"):
                self.leak(what, f"the strip shows {strip['hidden']} of {strip['strip']}")
            if strip["session"] != self.session:
                self.leak(what, "the strip is another session's")
        if what == "search":
            first = int(self.title.row["first_shot"]) + self.hidden[0]
            if not any(item["row"] == first for c in seen.components for item in c.get("items", [])):
                self.leak(what, "the shot that was asked for is not on the page")
        if not seen.errors and what in ("hide", "come in", "back to the lab") and not seen.strips:
            self.told.errors[f"{what}: there was no strip"] += 1
        await asyncio.to_thread(self.fetch, seen)

    def leak(self, what: str, how: str) -> None:
        self.told.leaks.append(
            f"session {self.number}, {what}: {how}, but it is {self.hidden} of {self.title.title_id}"
        )

    def fetch(self, seen: Seen) -> None:
        """A few of the pictures that a browser would ask for."""
        addresses = [i["picture"] for c in seen.components for i in c.get("items", []) if i.get("picture")][:6]
        for address in addresses:
            try:
                with urllib.request.urlopen(self.url + address, timeout=30) as answer:
                    self.told.num_bytes += len(answer.read())
                    self.told.pictures += 1
            except OSError as error:
                self.told.errors[f"a picture: {error}"] += 1


def _ranges(shots: tuple[int, ...]) -> str:
    return format_ranges(shots).replace(" ", "")


# A click on a shot, and the frame that shows its answer.
CLICK = """
async (shot) => {
  const strip = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".filmstrip")).find(Boolean);
  strip.querySelector(".shots").setPointerCapture = () => {};
  const cell = strip.querySelectorAll(".shot")[shot];
  const expected = strip.querySelectorAll(".shot.hidden").length + (cell.classList.contains("hidden") ? -1 : 1);
  for (const type of ["pointerdown", "pointerup"])
    cell.dispatchEvent(new PointerEvent(type, { bubbles: true, composed: true, button: 0, pointerId: 1 }));
  const start = performance.now();
  await new Promise((done, failed) => {
    const look = () => {
      if (lab(expected)(strip)) requestAnimationFrame(done);
      else if (performance.now() - start > 60000) failed(new Error("no answer in a minute"));
      else setTimeout(look, 50);
    };
    look();
  });
  return [(performance.now() - start) / 1000, [...strip.querySelectorAll(".shot.hidden")].map((e) => Number(e.dataset.shot))];
}
"""


def watch_in_browsers(count: int, url: str, catalog: Catalog, told: Told, until: float, think: float) -> None:
    """Windows of Chromium, one after the other in one thread, each with hidden shots of its own."""
    from playwright.sync_api import sync_playwright

    rng = random.Random(count)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        windows = []
        for number in range(count):
            page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
            page.on("pageerror", lambda error: told.errors.update([f"a window's script: {error}"[:200]]))
            title = list(catalog)[number % len(catalog)]
            page.goto(f"{url}/?title={title.title_id}&hidden={number}-{number + 3}", timeout=120_000)
            page.wait_for_selector(".filmstrip .scored", timeout=120_000)
            page.evaluate(WATCH)
            windows.append((page, title, set(range(number, number + 4))))
        while told.now < until:
            for page, title, hidden in windows:
                shot = rng.randrange(title.num_shots)
                hidden ^= {shot}
                if not hidden:
                    hidden ^= {shot}
                    continue
                try:
                    seconds, shown = page.evaluate(CLICK, shot)
                except Exception as error:
                    told.errors[f"a window: {str(error).splitlines()[0]}"[:200]] += 1
                    continue
                told.took.append((told.now, "click in a window", seconds))
                if set(shown) != hidden:
                    told.leaks.append(f"a window shows {shown} hidden, but it is {sorted(hidden)}")
            time.sleep(rng.uniform(0.5, 1.5) * think / max(1, count))
        browser.close()


@contextmanager
def served(catalog: Path, runs: Path, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The app as anybody starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "workbench" / "app.py"), "--server.port", str(port)]
    command += ["--server.headless", "true", "--", "--catalog", str(catalog), "--runs", str(runs)]
    with open(log, "w") as written:
        server = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=subprocess.STDOUT)
    url = f"http://localhost:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise RuntimeError(f"the app did not come up: {log.read_text()[-2000:]}") from None
                time.sleep(0.2)
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def watch_memory(server: psutil.Process, told: Told, over: threading.Event) -> None:
    while not over.wait(2.0):
        try:
            family = [server, *server.children(recursive=True)]
            told.memory.append((told.now, sum(p.memory_info().rss for p in family) / 2**20))
        except psutil.Error:
            told.errors["the server's process was gone"] += 1
            return


async def everybody(people: list[Person], until: float, think: float) -> None:
    await asyncio.gather(*(person.stay(until, think) for person in people))


def measure(
    sessions: int, browsers: int, minutes: float, think: float, keep: Path | None = None
) -> tuple[Told, list[str]]:
    """What so many people saw, and the lines of the logs that nobody wants to read; the logs themselves into `keep`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("catalog", "runs"):  # a copy: indexes and logs are written beside them
            shutil.copytree(ROOT / "sample_data" / part, folder / part, ignore=shutil.ignore_patterns(".log"))
        catalog = Catalog.open(folder / "catalog")
        with served(folder / "catalog", folder / "runs", folder / "server.log") as (url, server):
            told, over = Told(time.monotonic()), threading.Event()
            until = 60.0 * minutes
            people = [Person(number, url, catalog, told) for number in range(sessions - browsers)]
            threads = [threading.Thread(target=watch_memory, args=(server, told, over))]
            if browsers:
                threads.append(
                    threading.Thread(target=watch_in_browsers, args=(browsers, url, catalog, told, until, think))
                )
            for thread in threads:
                thread.start()
            asyncio.run(everybody(people, until, think))
            for thread in threads[1:]:
                thread.join()
            over.set()
            threads[0].join()
            tokens = [p.session for p in people if p.session]
            if len(set(tokens)) < len(tokens):
                told.leaks.append("two sessions have the same token")
        logs = [folder / "server.log", *(folder / "runs" / ".log").glob("workbench.log*")]
        if keep:
            for log in logs:
                shutil.copy(log, keep)
        lines = [line for log in logs if log.exists() for line in log.read_text(encoding="utf-8").splitlines()]
        return told, [line for line in lines if "Traceback" in line or "trouble" in line or " ERROR " in line]


def summary(told: Told, troubles: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    """Everything, and whether it holds."""
    warm = 60 * asked.minutes * WARM_UP
    later = [(what, seconds) for when, what, seconds in told.took if when >= warm]
    kinds = {what: _spread([s for w, s in later if w == what]) for what in sorted({w for w, _ in later})}
    memory = _memory(told.memory, warm)
    whole = _spread([s for _, s in later])
    return {
        "command": f"python -m benchmarks.load --sessions {asked.sessions} --browsers {asked.browsers} "
        f"--minutes {asked.minutes:g} --think {asked.think:g}",
        "sessions": asked.sessions,
        "of_these_in_chromium": asked.browsers,
        "minutes": asked.minutes,
        "think_s": asked.think,
        "gestures": len(told.took),
        "seconds": whole,
        "by_gesture": kinds,
        "errors": sum(told.errors.values()),
        "error_kinds": dict(told.errors.most_common(10)),
        "leaks": len(told.leaks),
        "first_leaks": told.leaks[:5],
        "troubles_in_logs": len(troubles),
        "first_troubles": troubles[:5],
        "memory_mb": memory,
        "megabytes_sent": round(told.num_bytes / 2**20, 1),
        "pictures": told.pictures,
        "holds": {
            "no error": not told.errors and not troubles,
            "nothing of another": not told.leaks,
            "memory flat": memory.get("growth", 1.0) < MOST_GROWTH,
            f"median at most {MOST_MEDIAN_S:g} s": whole.get("median", 99.0) <= MOST_MEDIAN_S,
        },
        **machine(),
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0}
    return {
        "count": len(seconds),
        "median": round(statistics.median(seconds), 3),
        "p95": round(float(np.percentile(seconds, 95)), 3),
        "slowest": round(max(seconds), 3),
    }


def _memory(samples: list[tuple[float, float]], warm: float) -> dict[str, Any]:
    """MB by the minute, and how much more the last tenth after the warm-up took than the first."""
    later = [mb for when, mb in samples if when >= warm]
    if len(later) < 10:
        return {}
    tenth = max(1, len(later) // 10)
    first, last = statistics.median(later[:tenth]), statistics.median(later[-tenth:])
    minutes = range(int(samples[-1][0] // 60) + 1)
    by_minute = [statistics.median([mb for when, mb in samples if when // 60 == minute]) for minute in minutes]
    return {
        "at_start": round(samples[0][1]),
        "after_warm_up": round(first),
        "at_end": round(last),
        "most": round(max(mb for _, mb in samples)),
        "growth": round(last / first - 1, 3),
        "by_minute": [round(mb) for mb in by_minute],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--browsers", type=int, default=2, help="so many of them in Chromium")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--think", type=float, default=10, help="seconds that somebody looks at an answer")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--logs", type=Path, help="a folder to copy the server's logs to")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of this side; the server chooses for itself
    found = summary(*measure(asked.sessions, asked.browsers, asked.minutes, asked.think, asked.logs), asked)
    if asked.out:
        files.write_json(asked.out, found)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 0 if all(found["holds"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
