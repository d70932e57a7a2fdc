"""The README's generated block agrees with the results it is made from."""

from pathlib import Path

from replicate.publish.readme import BEGIN, END, scores_block, with_scores
from replicate.runs import open_run

ROOT = Path(__file__).resolve().parent.parent


def test_the_block_is_what_the_results_say():
    readme = (ROOT / "README.md").read_text()
    assert BEGIN in readme and END in readme
    assert readme == with_scores(readme, scores_block(open_run(ROOT / "results" / "quick")))
