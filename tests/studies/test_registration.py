"""Registrations: read, and refused where they are none."""

import re
from contextlib import nullcontext

import pytest
from shared import DATA, write_yaml

from replicate.files import RunError
from replicate.studies.plan import studies
from replicate.studies.registration import (
    read_registration,
    registrations,
)


@pytest.mark.parametrize("nothing", ["!!int ''", "!!float ''"])
def test_a_value_of_nothing_is_refused_by_name(registry, nothing):
    text = (registry / "tiny.yaml").read_text()
    (registry / "tiny.yaml").write_text(text.replace("seed: ", f"seed: {nothing} #", 1))
    with pytest.raises(RunError, match=r"tiny\.yaml is no registration"):
        read_registration(registry / "tiny.yaml")


PREDICTION = {"compare": {"forward": 1}, "test": "prediction", "reported": 0.5, "reported_trainings": 10}


def changed(**effect):
    """The tiny study with a changed effect."""
    return {"effects": {"gain": DATA["effects"]["gain"] | effect}}


def of(table, column, **where):
    return {"table": table, "column": column, "terms": [{"where": where}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed(compare={"reversed": 1, "forward": 1}), "weights of neither its arms nor its terms"),
        (changed(compare={}), "at least 1 item"),
        (changed(compare={"forward": 1e308, "reversed": -1e308}), "less than or equal to 1000000"),
        (
            changed(compare={"reversed": 2, "forward": -2}, test="permutation"),
            "two arms, of weights 1 and -1",
        ),
        (changed(test="arms"), "takes two or more arms, of weight 1"),
        (
            changed(of=of("nats", "nats"), test="bootstrap", reported=0.5, requires={"room": ["forward"]}),
            "asks for room, which is of a number a training",
        ),
        (
            changed(requires={"settled": ["forward"]}),
            "settled or leave room, which is of a loss, loss or n",
        ),
        (changed(compare={"forward": 1}, test="prediction"), "one arm of weight 1, reported and"),
        (changed(**PREDICTION | {"compare": {"forward": 1, "reversed": -1}}), "takes one arm"),
        (
            changed(
                compare={"reversed": 1},
                of=of("scores", "psa") | {"terms": [{"weight": 1}, {"weight": -1}]},
                requires={"settled": ["forward"]},
            ),
            "which it does not compare",
        ),
        (changed(compare={"reversed": 0, "forward": 0}), "a weight of 0, which compares nothing"),
        (changed(compare={"reversed": 1}, test="arms", of=of("scores", "psa")), "is no difference"),
        (
            changed(
                compare={"reversed": 1}, test="arms", of=of("scores", "psa") | {"terms": [{}, {"weight": -1}]}
            ),
            "two or more arms",
        ),
        (changed(**PREDICTION | {"reported_trainings": 0}), "greater than or equal to 1"),
        (changed(**PREDICTION | {"reported": float("nan")}), "finite number"),
        (changed(margin=-0.1), "greater than 0"),
        (changed(of=of("by_length", "psa", length=[6, 1])), "the range of length must be"),
        (changed(of=of("by_length", "psa", kind="sorce")), "names kind 'sorce', which is source or target"),
        (
            changed(of=of("by_length", "psa", kind="source", length=[99, 100])),
            r"names length \[99, 100\], which .* cannot have: its last is",
        ),
        (changed(of=of("scores", "psa", evaluation=99)), "names evaluation 99, which .* cannot have"),
        (changed(of=of("by_length", "psa", length=3)), "reads by_length of all kinds together"),
        (changed(of=of("by_length", "kind")), "reads kind of by_length, which is no quantity"),
        (changed(of=of("scores", "round")), "reads round of scores, which is no quantity"),
        ({"settings": DATA["settings"] | {"rounds": 1}}, "compares forward, which has one training"),
        (changed(of=of("by_length", "psa", length=[3])), "the range of length must be"),
        (changed(of=of("by_length", "psa", length=["1", "6"])), "the range of length must be"),
        (
            changed(of=of("by_length", "psa", kind="source", length="6")),
            "names length '6', where by_length has numbers",
        ),
        (changed(of=of("outcomes", "took_of")), "which has round, failed, below"),
        (changed(of=of("history", "nats")), "only a run with keep: best measures"),
        (changed(requires={"converged": ["forward"]}), "validation loss of forward, which only a run with"),
        (changed(of=of("nats", "BLEU"), test="bootstrap"), "reads BLEU of a bootstrap, which has bleu, nats"),
        (
            {"settings": DATA["settings"] | {"lr_step_size": 19}} | changed(requires={"flat": ["forward"]}),
            "whether forward still falls, which is evaluated less than twice before the first cut",
        ),
        (
            {"settings": {"task": "translation"}} | changed(of=of("outcomes", "failed")),
            "effect gain: take-off is defined for primes",
        ),
        (
            {"settings": {"task": "translation"}}
            | changed(of=of("scores", "bleu"), requires={"learnt": ["forward"]}),
            "effect gain: take-off is defined for primes",
        ),
        ({"arms": {"forward": {"seed": 5}, "reversed": {"seed": 5}}}, "equal settings and seeds"),
        ({"arms": DATA["arms"] | {"a/b": {"seed": 7}}}, "should match pattern"),
        ({"settings": {"max_lenght": 5}}, "max_lenght"),
        ({"extra": 1}, "extra"),
        (
            {"effects": {"gain": DATA["effects"]["gain"] | {"compare": {"backward": 1, "forward": -1}}}},
            "no arm",
        ),
        (changed(requires={"learnt": ["up"]}), "no arm"),
        (changed(compare={"reversed": 1, "base/forward": -1}), "only a bootstrap compares with one"),
        ({"study": "other"}, "a file has its study's name"),
        ({"effects": {"gain": DATA["effects"]["gain"] | {"requires": {"room": ["forward"]}}}}, "gives none"),
        (
            {"effects": {"gain": DATA["effects"]["gain"] | {"of": {"table": "scores", "column": "psaa"}}}},
            "effect gain: reads psaa of scores, which has round, evaluation, nats, psa",
        ),
        (
            {
                "effects": {
                    "gain": DATA["effects"]["gain"],
                    "row": DATA["effects"]["gain"] | PREDICTION,
                }
            },
            "a study of their own",
        ),
    ],
)
def test_what_is_no_registration_is_refused_by_name(registry, change, message):
    path = write_yaml(registry / "tiny.yaml", DATA | change)
    with pytest.raises(RunError, match=rf"tiny\.yaml[\s\S]*{message}"):
        read_registration(path)


@pytest.mark.parametrize("arm", ["base/forward", "tiny/backward"])
def test_an_arm_that_no_other_study_has_is_refused_by_name(registry, arm):
    gain = {"of": of("nats", "nats"), "compare": {"reversed": 1, arm: -1}, "test": "bootstrap"}
    write_yaml(registry / "tiny.yaml", DATA | changed(**gain))
    with pytest.raises(RunError, match=rf"tiny\.yaml names {arm}, which is no arm of another study"):
        registrations()


@pytest.mark.parametrize(
    ("study", "arms", "message"),
    [
        (
            "small",
            {"base": {"seed": 5}},
            "small/base and tiny/forward have equal settings and seeds; give one",
        ),
        (
            "tiny-x",
            {"forward": {"seed": 7}},
            "tiny-x/forward and tiny/x-forward are both called tiny-x-forward",
        ),
    ],
)
def test_a_run_that_could_be_of_two_studies_is_refused_before_it_is_trained(registry, study, arms, message):
    compare = {next(iter(arms)): 1, "tiny/forward": -1}
    other = {"study": study, "arms": arms} | changed(of=of("nats", "nats"), compare=compare, test="bootstrap")
    write_yaml(registry / "tiny.yaml", DATA | {"arms": DATA["arms"] | {"x-forward": {"seed": 8}}})
    registrations()
    write_yaml(registry / f"{study}.yaml", DATA | other)
    with pytest.raises(RunError, match=rf"^{re.escape(str(registry))}: .*{message}"):
        registrations()


def test_a_run_with_the_name_of_one_that_is_planned_in_code_is_refused(registry):
    write_yaml(registry / "ladder-lstm.yaml", DATA | {"study": "ladder-lstm"})
    (registry / "tiny.yaml").unlink()
    with pytest.raises(RunError, match=r"^ladder-lstm cannot have a run ladder-lstm-forward: one is planned"):
        studies()


@pytest.mark.parametrize("date", ["2026-11-31", "!!timestamp x", "!!int x", "[" * 2000])
def test_a_date_that_no_calendar_has_is_refused_by_file(registry, date):
    path = registry / "tiny.yaml"
    path.write_text(path.read_text().replace("'2026-01-01'", date))
    with pytest.raises(RunError, match=r"tiny\.yaml is no registration: .") as refused:
        read_registration(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_validation_loss_is_read_where_the_best_is_kept(registry, keep):
    change = changed(of=of("history", "nats"), requires={"converged": ["forward"], "flat": ["forward"]})
    path = write_yaml(registry / "tiny.yaml", DATA | {"settings": DATA["settings"] | {"keep": keep}} | change)
    with pytest.raises(RunError) if keep == "last" else nullcontext():
        read_registration(path)


@pytest.mark.parametrize("name", ["forward", "gain"])
def test_an_arm_or_effect_that_is_given_twice_is_refused(registry, name):
    path = registry / "tiny.yaml"
    first, line, rest = path.read_text().partition(f"  {name}:\n")
    path.write_text(f"{first}{line}{rest}"[: len(first)] + f"  {name}: {{}}\n{line}{rest}")
    line = len(first.splitlines()) + 2
    with pytest.raises(RunError, match=rf"the name {name} is given twice.* line {line}, column 3"):
        read_registration(path)


def test_a_mistake_in_the_yaml_is_named_by_its_line(registry):
    (registry / "tiny.yaml").write_text("study: tiny\nwritten: [2026\nquestion: x\n")
    with pytest.raises(RunError, match="line 3, column"):
        read_registration(registry / "tiny.yaml")
