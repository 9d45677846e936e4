"""A person's mark on one answer: right, wrong or unsure, with a note and a name. The only thing the board writes."""

from __future__ import annotations

import streamlit as st

from evalkit.board import elements, sign_in
from evalkit.errors import EvalkitError
from evalkit.results.reader import ResultsReader
from evalkit.store.reviews import MARKS, Review, add_review, latest, read_reviews
from evalkit.store.row_codec import Key
from evalkit.text import numbers
from evalkit.text.escape import visible

_SIGNS = {"right": "✔", "wrong": "✘", "unsure": "?"}


def review_form(store: ResultsReader, run: str, key: Key, *, slot: str) -> None:
    """What people said of this answer, and a form to say so oneself. `slot` tells several forms of a page apart."""
    reviews, unreadable = read_reviews(store.path(run))
    mine = [review for (answer, _), review in latest(reviews).items() if answer == key]
    for review in mine:
        st.text(
            visible(f"{_SIGNS[review.mark]} {review.mark}, says {review.by} ({review.at[:10]})", limit=200)
            + (f": {visible(review.note, limit=1000)}" if review.note else "")
        )
    if unreadable:
        st.caption(
            f"{numbers.plural(unreadable, 'line')} of reviews.jsonl cannot be read and "
            f"{numbers.verb(unreadable, 'is', 'are')} left out."
        )
    with st.popover(f"Review ({len(mine)})" if mine else "Review"), st.form(f"review-{slot}", border=False):
        mark = st.segmented_control("This answer is", MARKS, key=f"mark-{slot}")
        by = _name(slot)
        note = st.text_area("Note (optional)", key=f"note-{slot}", max_chars=4000)
        if st.form_submit_button("Save"):
            _save(store, run, Review(key, mark or "", by, note))


def _name(slot: str) -> str:
    """Who marks: the address that somebody signed in with, else what is typed."""
    if (signed_in := sign_in.name()) is not None:
        st.text(f"as {visible(signed_in, limit=120)}")
        return signed_in
    typed: str = st.text_input("Your name", key=f"by-{slot}", value=st.session_state.get("reviewer", ""), max_chars=80)
    return typed


def _save(store: ResultsReader, run: str, review: Review) -> None:
    if not review.mark or not review.by.strip():
        st.error("Choose right, wrong or unsure, and say who you are.")
        return
    st.session_state["reviewer"] = review.by
    try:
        saved = add_review(store.path(run), review)
    except EvalkitError as error:
        st.error(elements.plain(error, 300))
        return
    st.success(f"Saved: {saved.mark}. Nothing else of the run has changed.")
