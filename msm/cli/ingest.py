"""The verb ingest: video files become titles of a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msm.cli.program import AsJson, app, stdout_kept_clean, to_json
from msm.errors import InputErrors
from msm.io.progress import progress_bars


@app.command()
def ingest(
    videos: Annotated[
        list[Path],
        typer.Argument(
            metavar="VIDEO", help="Video files, and folders of them.", default_factory=list, show_default=False
        ),
    ],
    catalog: Annotated[Path, typer.Argument(help="The catalog to add them to; created if missing.")],
    manifest: Annotated[
        Path | None, typer.Option(help="A CSV or JSON lines file that names further videos (docs/ingest.md).")
    ] = None,
    encoders: Annotated[
        str,
        typer.Option(
            help="The encoders, separated by commas (docs/ingest.md). Default: those of the catalog, descriptors for a new one."
        ),
    ] = "",
    encoder_device: Annotated[
        str, typer.Option(help="Where encoders of model hubs compute: auto, cpu, cuda, cuda:1 …")
    ] = "auto",
    encoder_dtype: Annotated[str, typer.Option(help="Their numbers: float32, bfloat16 or float16.")] = "float32",
    encoder_batch: Annotated[int, typer.Option(help="Pictures, sounds or texts that they take at once.")] = 32,
    detector: Annotated[
        str, typer.Option(help="The shot detector: adaptive, or transnetv2 (docs/ingest.md).")
    ] = "adaptive",
    detector_weights: Annotated[
        Path | None, typer.Option(help="Other weights of TransNetV2 than the package's: a .safetensors or a .pth file.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold of the detector: higher finds fewer shots. Default: its own.")
    ] = None,
    min_shot: Annotated[
        float | None, typer.Option(help="Seconds that a detected shot lasts at least. Default: 0.25.")
    ] = None,
    segments: Annotated[
        float | None, typer.Option(help="Cut segments of so many seconds instead of shots, as LV-MAE does.")
    ] = None,
    shots: Annotated[
        Path | None,
        typer.Option(
            help="The shots of a single video: PySceneDetect's CSV, an EDL, FCPXML, a CSV or a Parquet table."
        ),
    ] = None,
    subtitles: Annotated[
        Path | None, typer.Option(help="The subtitles of a single video. Default: beside it, or inside it.")
    ] = None,
    subtitles_encoding: Annotated[
        str, typer.Option(help="The encoding of subtitle files, such as cp1251. Default: detected.")
    ] = "",
    language: Annotated[
        str, typer.Option(help="The preferred language of sound and subtitles: a code or a name, such as de or German.")
    ] = "",
    audio_track: Annotated[
        int | None, typer.Option(help="The sound track to read, from 1. Default: the flagged default.")
    ] = None,
    subtitle_track: Annotated[
        int | None, typer.Option(help="The subtitle track to read, from 1, before subtitles beside the video.")
    ] = None,
    transcribe: Annotated[
        str,
        typer.Option(help="A speech recogniser for videos without subtitles: a folder or hub name (docs/ingest.md)."),
    ] = "",
    name: Annotated[
        str, typer.Option(help="The name of a single video, as the next four options. Default: the file's name.")
    ] = "",
    title_id: Annotated[str, typer.Option(help="Default: made from the file's name.")] = "",
    synopsis: Annotated[str, typer.Option(help="Default: from the sidecar FILM.json, as name, tags and split.")] = "",
    tags: Annotated[str, typer.Option(help="Words, separated by commas.")] = "",
    split: Annotated[str, typer.Option(help="train, validation or test. Default: assigned at random.")] = "",
    workers: Annotated[
        int | None, typer.Option(help="Number of videos read in parallel. Default: one, on Ray one a core.")
    ] = None,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Read on this Ray cluster, or `local`.")] = None,
    media: Annotated[bool, typer.Option(help="Keep a copy that browsers can play.")] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a damaged film at its first error, instead of reading what it can.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the assignment of titles without a split.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be done, and write nothing.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace titles that exist already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute shots, embeddings and thumbnails of video files; when interrupted, a second call continues."""
    from msm.ingest import IngestOptions, TitleFacts, plan
    from msm.ingest import ingest as ingest_videos
    from msm.ingest.compute import Compute

    words = "|".join(filter(None, (tag.strip() for tag in tags.split(","))))
    given = TitleFacts(title_id=title_id, name=name, synopsis=synopsis, tags=words, split=split)
    options = IngestOptions(
        encoders=encoders,
        compute=Compute(device=encoder_device, dtype=encoder_dtype, batch=encoder_batch),
        detector=detector,
        detector_weights=detector_weights,
        threshold=threshold,
        min_shot=min_shot,
        segments=segments,
        shots=shots,
        subtitles=subtitles,
        manifest=manifest,
        subtitles_encoding=subtitles_encoding,
        language=language,
        audio_track=audio_track,
        subtitle_track=subtitle_track,
        transcribe=transcribe,
        facts=given if given != TitleFacts() else None,
        media=media,
        workers=workers,
        ray=ray,
        replace=replace,
        strict=strict,
        seed=seed,
    )
    if dry_run:
        with progress_bars("planning") as (planning,), stdout_kept_clean():
            planned = plan(videos, catalog, options, planning)
        print(to_json(planned.as_dict()) if as_json else planned.as_text())
        if planned.refused:
            raise InputErrors(planned.refused)
        return
    with progress_bars("planning", "ingesting") as (planning, progress), stdout_kept_clean():
        report = ingest_videos(videos, catalog, options, progress, planning)
    print(to_json(report.as_dict()) if as_json else report.as_text(catalog))
    if report.failed:
        raise InputErrors(report.failed.values())
