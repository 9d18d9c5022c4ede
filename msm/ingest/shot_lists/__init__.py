"""Shots that exist already: lists of PySceneDetect, EDLs, FCPXML and tables, as seconds of the film."""

from msm.ingest.shot_lists.reading import read_shot_list
from msm.ingest.shot_lists.spans import GivenShot, tidied

__all__ = ["GivenShot", "read_shot_list", "tidied"]
