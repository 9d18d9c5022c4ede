"""What a catalog holds, where it comes from and whether it is sound."""

from __future__ import annotations

import numpy as np
import streamlit as st

from msm import Catalog
from workbench.session import cache
from workbench.views.catalog_tables import modalities_table
from workbench.views.formatting import escape_markdown, number, provenance_lines

QUICK_GB = 0.5  # a catalog up to this size is read whole when its page opens


def provenance_line(catalog: Catalog) -> None:
    """State it where the embeddings were not made from films."""
    if catalog.provenance.get("kind") == "screenplay":
        st.caption(
            ":material/info: These embeddings come from a seeded screenplay (scenes, places, characters), not from films."
        )


def inspect_or_offer(catalog: Catalog) -> cache.Inspection | None:
    """Read every vector of the catalog: at once where it is small, else after a click."""
    found = cache.inspected(catalog)
    size_gb = catalog.num_shots * catalog.shot_dim * np.dtype(catalog.dtype).itemsize / 1e9
    if found or (size_gb > QUICK_GB and not st.button(f"Check every vector ({number(size_gb, 1)} GB)")):
        return found
    progress = st.progress(0.0, "Reading every vector of the catalog …")
    found = cache.inspect(
        catalog, lambda share: progress.progress(min(share, 1.0), f"Read {share:.0%} of the vectors …")
    )
    progress.empty()
    return found


def show_soundness(found: cache.Inspection | None, held: str = "") -> None:
    """Show whether the catalog follows its format, after the sentence `held`."""
    if found is None:
        st.caption("Its tables fit together; its vectors have not been read yet.")
    elif found.problems:
        st.error(
            "This catalog breaks rules of its format:\n" + "\n".join(f"- {escape_markdown(p)}." for p in found.problems)
        )
    else:
        said = ":green[:material/check_circle:] Valid: every rule of the format holds, every vector was read."
        st.markdown(f"{held} {said}" if held else said)


def show_modalities(catalog: Catalog, found: cache.Inspection | None) -> None:
    """Show the modalities of an embedding, and how many shots have each where that is known."""
    st.subheader("Modalities", anchor=False)
    table = modalities_table(catalog.modalities, found.counts if found else None, catalog.num_shots)
    share = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, color="gray")
    st.dataframe(table, hide_index=True, column_config={"Share": share})


def show_provenance(catalog: Catalog) -> None:
    """Show where the embeddings come from, as the catalog states it."""
    st.subheader("Where it comes from", anchor=False)
    if not catalog.provenance:
        st.caption("The catalog does not say.")
        return
    st.text("\n".join(provenance_lines(catalog.provenance)))
