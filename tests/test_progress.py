"""Reporters: nothing, lines, bar."""

from __future__ import annotations

import contextlib
import io
import os

import pytest

from fastembed.core.progress import BarProgress, LineProgress, Progress, progress_of


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_what_an_argument_means(monkeypatch):
    given = Progress()
    assert progress_of(given) is given
    assert type(progress_of(None)) is type(progress_of(False)) is Progress
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert isinstance(progress_of(True), LineProgress)
    monkeypatch.setattr("sys.stderr", Terminal())
    assert isinstance(progress_of(True), BarProgress)


def test_lines_have_share_rate_figures_and_time_left():
    stream = io.StringIO()
    report = LineProgress(stream, every=0.0)
    report.start(200, "words", "epoch 1/2")
    report.update(50, loss=2.5)
    report.update(200, loss=2.25)
    report.close()
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("epoch 1/2: 25% ")
    assert "words/s loss 2.5 ETA" in lines[0]
    assert lines[-1].startswith("epoch 1/2: 100% ")


def test_lines_are_rare_and_the_last_one_is_there():
    stream = io.StringIO()
    report = LineProgress(stream, every=1000.0)
    report.start(None, "MB", "reading")
    for done in range(100):
        report.update(done)
    report.close()
    report.close()
    assert len(stream.getvalue().splitlines()) == 1


def test_the_bar_shows_rate_loss_and_time_left():
    stream = io.StringIO()
    report = BarProgress(stream)
    report.update(3)  # before start: nothing to show
    report.start(1000, "words", "epoch 1/1")
    report.update(500, loss=1.5)
    report.update(1000, loss=1.25)
    report.close()
    shown = stream.getvalue()
    assert "epoch 1/1: 100%" in shown
    assert "words/s" in shown
    assert "loss 1.25" in shown
    assert "ETA" in shown


def _all_of(reader: int) -> bytes:
    """All that was written to a closed terminal: it hands over what it has in pieces."""
    pieces = []
    with contextlib.suppress(OSError):  # EIO: the writing side is closed and all is read
        while piece := os.read(reader, 65536):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_terminal_that_does_not_know_its_width_has_a_bar_too():
    pty = pytest.importorskip("pty")
    reader, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream:
        assert os.get_terminal_size(terminal).columns == 0
        report = BarProgress(stream)
        report.start(1000, "words", "epoch 1/1")
        report.update(1000, loss=1.25)
        report.close()
        stream.flush()
    shown = _all_of(reader).decode()
    os.close(reader)
    assert "words/s, loss 1.25" in shown
