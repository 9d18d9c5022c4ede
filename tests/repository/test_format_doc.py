from __future__ import annotations

import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def test_the_documents_example_reads_a_catalog_with_numpy_and_pandas_alone(tiny_catalog, capsys):
    code = re.search(r"```python\n(.*?)```", (REPO / "docs" / "format.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    assert "msm" not in code[1].replace("msm-catalog", "")
    exec(code[1].replace("sample_data/catalog", str(tiny_catalog.path)), {})
    lines = capsys.readouterr().out.splitlines()
    duration = tiny_catalog["train-0"].duration_s
    assert lines == [f"video (7, 4) {duration}", f"text (7, 3) {duration}"]
