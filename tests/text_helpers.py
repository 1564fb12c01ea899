"""What the tests of corpora share: an encoded corpus as plain values, and the oracle's."""

from __future__ import annotations

import oracle_text
from hypothesis import strategies as st

import fastembed.text.corpus as corpus_module
import fastembed.text.encoder as encoder_module
from fastembed import EncodedCorpus

TRICKY = [
    "a",
    "b",
    "the",
    "É",
    "ß",
    "İ",
    "x" * 20,
    ".",
    ",b",
    "—",
    "中文",
    "🙂",
    " ",
    "\t",
    "\n",
    "\r\n",
]
texts = st.lists(st.sampled_from(TRICKY) | st.text(st.characters(codec="utf-8"), max_size=3)).map(
    lambda pieces: "".join(pieces).replace("\0", "")
)
foldings = st.tuples(st.booleans(), st.sampled_from(["keep", "split", "drop"]))


def result(encoded: EncodedCorpus):
    """Everything about an encoded corpus as plain values."""
    with encoded:
        ids = encoded.read(0, encoded.n_tokens).tolist()
        assert encoded.n_tokens == len(ids)
        assert encoded.n_sentences == len(encoded.offsets) - 1 == len(encoded)
        assert [i for sentence in encoded for i in sentence.tolist()] == ids
        return (
            encoded.vocabulary.words.to_list(),
            encoded.vocabulary.counts.tolist(),
            ids,
            encoded.offsets.tolist(),
        )


def expected(sentences, min_count=1, max_vocab=None, keep_empty=False):
    """The same by the oracle."""
    vocabulary = oracle_text.vocabulary(sentences, min_count, max_vocab)
    words = [word for word, _ in vocabulary]
    ids, offsets = oracle_text.encode(sentences, words, keep_empty=keep_empty)
    return words, [count for _, count in vocabulary], ids, offsets


def shrink(monkeypatch):
    """Make blocks, batches and memory so small that a few words need many."""
    monkeypatch.setattr(corpus_module, "BLOCK", 64)
    monkeypatch.setattr(encoder_module, "MEMORY", 256)
    monkeypatch.setattr(encoder_module, "SMALL", 10)
    monkeypatch.setattr(corpus_module, "_BATCH", 3)
