"""The tables by the name that a page gives between its comments: `current`, or with an argument `ablation recipes-series`."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.figures import ablations, encoders, first_hour, lengths, readme, retrieval, scale, tasks, threads, why

TABLES: dict[str, Callable[..., str]] = {
    "ablation": ablations.ablation,
    "current": ablations.current,
    "encoders": encoders.words,
    "first_hour": first_hour.first_hour,
    "lead": readme.lead_of,
    "lengths": lengths.lengths,
    "notebooks": readme.notebooks,
    "parts": ablations.parts,
    "quality": readme.quality,
    "sample": readme.sample,
    "scale": scale.scale,
    "scaling": ablations.scaling,
    "search": retrieval.million_shots,
    "speed": readme.speed,
    "tasks": tasks.tasks,
    "threads": threads.threads,
    "trained_films": encoders.films,
    "trained_runs": encoders.runs,
    "why": why.why,
}


def table(name: str) -> str:
    kind, *arguments = name.split(" ")
    return TABLES[kind](*arguments)
