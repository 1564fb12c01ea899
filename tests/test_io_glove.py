"""io/glove.py: rows without a header, words with spaces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed import FormatError, KeyedVectors
from fastembed.io import rows
from fastembed.io.glove import count_numbers, read_glove

TEXT = "the 1 2 3\n. . . 4 5 6\nat name@domain.com -1 -2 -3\n"


@pytest.fixture
def write(tmp_path):
    def put(content):
        path = tmp_path / "v.txt"
        path.write_bytes(content.encode())
        return path

    return put


@pytest.mark.parametrize("content", [TEXT, TEXT[:-1], TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT])
def test_words_may_hold_spaces(write, content):
    table = read_glove(write(content))
    assert table.words.to_list() == ["the", ". . .", "at name@domain.com"]
    assert table.vectors.tolist() == [[1, 2, 3], [4, 5, 6], [-1, -2, -3]]
    assert KeyedVectors.load(write(content)).words == table.words


def test_gensims_reading_refuses_them(write):
    with pytest.raises(FormatError, match="line 2: expected a word and 3 numbers"):
        KeyedVectors.load_word2vec_format(write(TEXT), no_header=True)


@pytest.mark.parametrize(
    ("line", "count"),
    [(b"a 1 2\n", 2), (b"1 2 3", 2), (b"a b 1", 1), (b"a", 0), (b"", 0), (b"1", 0), (b"a 1 b", 0)],
)
def test_numbers_at_the_end_of_a_line(line, count):
    assert count_numbers(line) == count


def test_limit(write):
    assert len(KeyedVectors.load_glove_format(write(TEXT), limit=2)) == 2
    assert len(KeyedVectors.load_glove_format(write(TEXT), limit=0)) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: .*the file is empty"),
        ("\n", "line 1: expected a word and numbers"),
        ("hello\n", "line 1: expected a word and numbers; found 'hello"),
        ("a 1 2\nb 1\n", "line 2: expected a word and 2 numbers"),
        ("a 1 2\nb 1 2 3\n", "line 2: expected a word and 2 numbers; found more numbers"),
        ("a 1 2\nb c 1\n", "line 2: expected a number; found 'c'"),
        ("a 1 2\nb 1 nan\n", "line 2: 'nan' is not a finite number"),
        ("a 1 2\nb  1 2\n", "line 2"),
        ("a 1 2\n\nb 1 2\n", "line 2 is blank"),
    ],
)
def test_bad_files_name_the_line(write, content, message):
    path = write(content)
    with pytest.raises(FormatError, match=message) as caught:
        read_glove(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_more_rows_than_were_guessed(write, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 100)
    lines = [f"w{i} {i}" for i in range(5000)]
    table = read_glove(write("\n".join(lines)))
    assert table.vectors[:, 0].tolist() == list(range(5000))
    assert table.words[4999] == "w4999"


words_ = st.text(st.sampled_from("ab.1é "), min_size=1, max_size=6)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(words_, floats, floats), min_size=1, unique_by=lambda row: row[0]))
def test_what_is_written_is_read_back(tmp_path_factory, table):
    words = [word for word, _, _ in table]
    vectors = np.array([row[1:] for row in table], dtype=np.float32)
    path = tmp_path_factory.mktemp("glove") / "v"
    kv = KeyedVectors(words, vectors)
    try:
        kv.save_glove_format(path)
    except ValueError as error:
        # only what would be read as something else is refused, and then nothing is written
        assert "ends in a space or number" in str(error)  # noqa: PT017
        assert not path.exists()
        return
    again = KeyedVectors.load_glove_format(path)
    assert again.index_to_key == words
    assert again.vectors.tobytes() == vectors.tobytes()


def test_the_most_frequent_words_come_first(tmp_path):
    kv = KeyedVectors(["rare", "often"], np.eye(2, dtype=np.float32), counts=[1, 5])
    kv.save_glove_format(tmp_path / "v")
    assert (tmp_path / "v").read_text() == "often 0.0 1.0\nrare 1.0 0.0\n"


@pytest.mark.parametrize("word", ["a\nb", "a ", "top 10"])
def test_words_that_cannot_be_written(tmp_path, word):
    with pytest.raises(ValueError, match="native format"):
        KeyedVectors([word], np.ones((1, 2), np.float32)).save_glove_format(tmp_path / "v")
    assert list(tmp_path.iterdir()) == []
