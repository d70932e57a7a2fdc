"""An effect in words."""

from judged import effect

from replicate.studies.effects import Effect, formula


def test_an_effect_is_put_in_words():
    terms = [{"where": {"length": [1, 6]}}, {"weight": -0.5, "where": {"kind": "source"}}]
    of = {"table": "by_length", "column": "exact_match", "terms": terms}
    said = formula(Effect(**effect(of=of)))
    assert said == "exact_match of (length 1-6) - 0.5 (kind source): reversed - forward"
    assert formula(Effect(**effect())) == "exact_match: reversed - forward"
