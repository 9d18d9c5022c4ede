"""How long a film takes until the masking lab can show it, against decoding it and doing nothing.

    python -m benchmarks.ingest VIDEO [--repeats 3] [--times 1]

Decoding is the floor: `ffmpeg -i VIDEO -f null -` with the ffmpeg that makes playable copies, and the same loop in PyAV.
Floor and ingest alternate, so that a busy machine is busy for both; medians are compared. Memory is the
most that the ingesting process held. `--times 3` ingests the film three times in a row as one, to see
that memory does not grow with length.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import av

from msm import Catalog
from msm.io.ffmpeg import INSTALL, ffmpeg_program

MOST_TIMES, MOST_MB = 4.0, 1500.0  # the bar: of decoding, and of memory


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and the most megabytes that the process held (0 where the system does not tell)."""
    begin = time.perf_counter()
    _, held_mb = run_timed(command)
    return time.perf_counter() - begin, held_mb


def run_timed(command: list[str]) -> tuple[float, float]:
    """Seconds of processor time, and the most megabytes, of a process."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said.decode(errors="replace")[-2000:])
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def floors(video: Path) -> dict[str, list[str]]:
    decode = [sys.executable, "-m", "benchmarks.ingest", str(video), "--decode"]
    return {"PyAV": decode, "ffmpeg": [ffmpeg(), "-v", "error", "-i", str(video), "-f", "null", "-"]}


def ffmpeg() -> str:
    """The program that makes playable copies."""
    program = ffmpeg_program()
    if program is None:
        raise SystemExit(f"there is no ffmpeg program; {INSTALL}")
    return program.path


def decode(video: Path) -> None:
    """Every picture and every piece of sound, looked at by nobody."""
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for packet in container.demux([s for s in container.streams if s.type in ("video", "audio")]):
            packet.decode()


def repeated(video: Path, times: int, folder: Path) -> Path:
    """The film so many times in a row, without encoding anything anew."""
    if times == 1:
        return video
    names, longer = folder / "names.txt", folder / f"{video.stem}-{times}-times.mp4"
    names.write_text(f"file '{video.resolve()}'\n" * times, encoding="utf-8")
    subprocess.run(
        [ffmpeg(), "-v", "error", "-f", "concat", "-safe", "0", "-i", names, "-c", "copy", longer], check=True
    )
    return longer


def measure(video: Path, repeats: int) -> dict[str, object]:
    ingest = [sys.executable, "-m", "msm", "ingest", str(video)]
    seconds: dict[str, list[float]] = {"ingest": [], **{name: [] for name in floors(video)}}
    memory = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(repeats):
            for name, command in floors(video).items():
                seconds[name].append(timed(command)[0])
            catalog = Path(folder) / f"catalog-{i}"
            took, held = timed([*ingest, str(catalog)])
            seconds["ingest"].append(took)
            memory = max(memory, held)
        (title,) = Catalog.open(catalog)
        facts = {"video_s": round(title.duration_s, 1), "shots": title.num_shots}
    medians = {name: round(statistics.median(s), 2) for name, s in seconds.items()}
    ratios = {f"times_{name}": round(medians["ingest"] / s, 2) for name, s in medians.items() if name != "ingest"}
    return {**facts, "seconds": medians, **ratios, "peak_mb": round(memory), "repeats": repeats}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--times", type=int, default=1, help="the film so many times in a row")
    parser.add_argument("--decode", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.decode:
        return decode(chosen.video)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(repeated(chosen.video, chosen.times, Path(folder)), chosen.repeats)
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    print(json.dumps({**result, **machine, "av": version("av"), "load": os.getloadavg()[0]}, indent=1))
    slowest = max(v for k, v in result.items() if k.startswith("times_") and isinstance(v, float))
    print(f"bar: {slowest} of {MOST_TIMES} × decoding, {result['peak_mb']} of {MOST_MB:.0f} MB")
    return None


if __name__ == "__main__":
    main()
