"""A claim in an executed notebook: one output with its line, figure and data, which the register reads back."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from coursekit.claims.comparison import MIME
from coursekit.claims.register import claims_in

SETUP = """from types import SimpleNamespace
import numpy as np
from coursekit.claims import compare, comparing
early, late = np.array([0.291, 0.288, 0.296], "float32"), [0.541, 0.529, 0.550]
words = {"measure": "test loss", "better": "lower"}
clock = iter([12.345, 15.0])  # when the two claims are made; at 10 the module was imported
comparing._lap[0], comparing.time = 10.0, SimpleNamespace(perf_counter=lambda: next(clock))"""
HOLDS = "compare('Stopping early lowers the test loss', {'stopped early': early, '<20> epochs': late}, **words)"
CONTRADICTED = "compare('Stopping late lowers the test loss', {'late': late, 'early': early}, **words)"


@pytest.fixture(scope="module")
def executed():
    cells = [new_code_cell(source) for source in (SETUP, HOLDS, CONTRADICTED)]
    cells[2].metadata["tags"] = ["raises-exception"]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    nbformat.validate(notebook)
    return notebook


@pytest.mark.slow
def test_a_claim_is_one_output_for_every_reader(executed):
    (output,) = executed.cells[1].outputs
    line, alt = output.data["text/plain"].split("\n")

    assert output.data.keys() == {MIME, "text/html", "image/png", "text/plain"}
    assert line.startswith("Stopping early lowers the test loss: holds. Test loss, stopped early − <20> epochs: −0.248")
    assert output.data["text/html"].startswith("<p>Stopping early lowers the test loss: holds.")
    assert "stopped early − &lt;20&gt; epochs" in output.data["text/html"]
    assert output.metadata["image/png"]["alt"] == alt
    assert alt.startswith(
        "Dot plot of the difference in test loss, stopped early minus <20> epochs, for 3 seeds: -0.25"
    )


@pytest.mark.slow
def test_a_contradicted_claim_is_shown_and_then_an_error(executed):
    shown, error = executed.cells[2].outputs

    assert shown.data[MIME]["verdict"] == "contradicted"
    assert (error.ename, error.evalue) == ("Contradicted", shown.data["text/plain"].split("\n")[0])


@pytest.mark.slow
def test_the_register_reads_both(executed):
    first, second = claims_in(nbformat.writes(executed).encode(), "lesson.ipynb", "Run it.")

    assert (first.verdict, second.verdict) == ("holds", "contradicted")
    assert (first.seconds, second.seconds) == (2.3, 2.7)  # the second does not hold those of the first
    assert first.control.values == (0.541, 0.529, 0.550)
