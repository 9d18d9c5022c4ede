"""What a page is for in one sentence, its documentation, and the tour of the masking lab."""

from __future__ import annotations

import streamlit as st

from workbench.components.tour import Stop, tour
from workbench.server.documents import address
from workbench.session import settings

LAB = "masking_lab"
PURPOSES = {  # page → what it is for, and its page of the documentation
    LAB: ("Hide shots of a film and see whether the model restores them better than copying the neighbours.", "masking-lab.md"),
    "embedding_map": ("See which shots lie near one another, raw and in the context of their title.", "map.md#on-the-page"),
    "retrieval": ("Find shots that are like a shot, a prediction, a stretch of shots or words.", "search.md"),
    "training": ("Train a model on this catalog, watch it learn and compare runs.", "training.md"),
    "evaluation": ("Measure a run on titles that it has not seen, against predictions without a model.", "metrics.md"),
    "tasks": ("See what the embeddings know about labels of your own.", "howto/tasks.md"),
    "ablations": ("Find out which choice of a recipe matters, with several seeds.", "ablate.md"),
    "data": ("See what the catalog holds and whether it is sound, and bring films or embeddings.", "ingest.md"),
}  # fmt: skip
STOPS = (
    Stop("A film, shot by shot", "Each frame is a shot. Hatched ones are hidden: the model sees the others and predicts these. "
         "Click a frame to hide or reveal it, or drag over several.", ".st-key-strip", ".shots"),
    Stop("How near it came", "A dot for each hidden shot: blue is the model, orange the best prediction without a model. "
         "1 is the real shot, 0 no nearer than chance.", ".st-key-strip", ".timeline"),
    Stop("The verdict", "In words: whether the model did better than the neighbours alone could, on how many shots, and whether "
         "it was trained on this title. Skill is the share of the remaining error that it wins.", ".st-key-lab-verdict"),
    Stop("What it expected", "The real shot beside the shots nearest to the prediction. The other panels show which shots "
         "surprise, which visible ones mattered, and a game: guess the shot yourself.", ".st-key-lab-panel"),
    Stop("Hide what you like", "Type ranges, hide a scene, or draw shots at random. Undo and Redo are in the sidebar, and the "
         "address of the page always opens what you see.", ".st-key-lab-hide"),
    Stop("Keep what you found", "Notes stay with the shot, for everybody who opens this catalog. A saved view in the sidebar "
         "has a name. Then look at the map, or search for shots like one of these."),
)  # fmt: skip
TOUR = "tour"  # the setting that says that it is open


def show_purpose(page: str) -> None:
    """One sentence above the page, a link to its documentation, and in the masking lab the tour."""
    if page not in PURPOSES:
        return
    sentence, document = PURPOSES[page]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[{sentence} [How it works]({address(document)})]", width="content")
        if page == LAB:
            st.button(
                "Two-minute tour",
                icon=":material/tour:",
                type="tertiary",
                key="tour.start",
                on_click=_open,
                args=(True,),
            )
    if page == LAB and settings.text(TOUR) == "yes":
        tour(STOPS, key="tour", on_leave=lambda: _open(False))


def _open(is_open: bool) -> None:
    settings.put_flag(TOUR, is_open)
