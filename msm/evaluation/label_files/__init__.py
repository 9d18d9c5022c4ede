"""Labels as they come, from files beside a catalog: CSV tables, ELAN's .eaf and exports of Label Studio.

Each format becomes marks: a value of a label at a shot, at a stretch of time, or of a whole title. `placing` finds the shots of
a mark in a catalog; what finds no place is reported, with file and line. docs/howto/tasks.md describes the formats.
"""

from msm.evaluation.label_files.marks import Example, LabelSet, Mark
from msm.evaluation.label_files.reading import read_labels_of, read_marks

__all__ = ["Example", "LabelSet", "Mark", "read_labels_of", "read_marks"]
