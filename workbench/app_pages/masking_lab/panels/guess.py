"""The game "Guess the shot": a person against the model and against copying, on the hidden shots."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from msm import Catalog, Title
from msm.interpret.guess import deal
from workbench.app_pages.masking_lab.game import answer_round, game_about, next_round
from workbench.components.choices import choices
from workbench.session import cache, shot_frames, state
from workbench.session.cache import Filled
from workbench.views.fill_in.guess import cards, judge, outcome_sentence, question, score_sentence
from workbench.views.formatting import clock
from workbench.views.frames import Frame, row, styled

AROUND = 2  # visible shots shown on each side of the gap


def panel(catalog: Catalog, title: Title, run_path: Path, filled: Filled | None) -> None:
    hidden = tuple(state.hidden())
    fill = cache.whole_fill_in(catalog, run_path, title.title_id, hidden, None) if filled else None
    game = game_about(f"{title.title_id} {hidden}")
    played = deal(fill, game.number) if fill else None
    if played is None:
        st.markdown("**To play, at least three shots that look different have to be hidden.**")
        if st.button("Hide 20 % at random", key="guess.hide", icon=":material/casino:"):
            state.hide_next_at_random(title.num_shots)
            st.rerun()
        return
    starts = cache.shots(catalog, title.title_id)["start_s"]
    when = clock(float(starts.iloc[played.shot])) or f"shot {played.shot}"
    outcome = None if game.pick is None else judge(played, game.pick)
    st.markdown(f"**{question(when, len(played.choices)) if outcome is None else outcome_sentence(outcome)}**")
    st.html(styled(row(surroundings(catalog, title, hidden, played.shot, outcome is not None), wrap=False)))

    def apply(answer: str) -> None:
        if answer == "next":
            if game.pick is not None:  # a second press is ignored
                next_round(game)
        else:
            pick = played.choices[int(answer) - 1]
            answer_round(game, pick, judge(played, pick))

    choices(
        cards(played, [picture(catalog, title, shot) for shot in played.choices], game.pick),
        key="guess.choices",
        question=f"{game.about} {game.number} {game.pick}",
        on_answer=apply,
        keys={} if outcome is None else {"Enter": "next", "n": "next"},
        open=outcome is None,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        keys = f"keys 1 to {len(played.choices)}" if outcome is None else "key Enter"
        st.caption(f"{score_sentence(game.rounds)} Click, or {keys}.", width="stretch")
        if outcome is not None and st.button("Next shot", key="guess.next", icon=":material/arrow_forward:"):
            next_round(game)
            st.rerun(scope="fragment")


def surroundings(catalog: Catalog, title: Title, hidden: tuple[int, ...], shot: int, revealed: bool) -> list[Frame]:
    """The hidden shot between its visible neighbours."""
    seen = [s for s in range(title.num_shots) if s not in set(hidden)]
    before, after = [s for s in seen if s < shot][-AROUND:], [s for s in seen if s > shot][:AROUND]
    first = int(title.row["first_shot"])
    frames = [shot_frames.frame(catalog, first + s, of=title.title_id) for s in (*before, shot, *after)]
    gap = shot_frames.frame(
        catalog, first + shot, of=title.title_id, veiled=not revealed, mark="truth" if revealed else "hidden"
    )
    frames[len(before)] = gap
    return frames


def picture(catalog: Catalog, title: Title, shot: int) -> dict:
    """The card of a shot, with the picture itself: an address would reveal the number of the shot."""
    row_of = int(title.row["first_shot"]) + shot
    drawn = shot_frames.frame(catalog, row_of, of=title.title_id)
    return {
        "picture": shot_frames.picture_data_uri(catalog, title.title_id, shot),
        "colour": drawn.colour,
        "text": drawn.text,
    }
