"""Registrations: read and refused, and older than their runs."""

import hashlib
import json
import re
from contextlib import nullcontext
from dataclasses import replace

import pytest
import yaml
from shared import CONFIG, DATA

from replicate.files import RunError
from replicate.runs.experiment import run
from replicate.studies import registration
from replicate.studies.plan import studies
from replicate.studies.registration import (
    check_registered,
    read_registration,
    refuse_unready,
    registrations,
    stamp_of,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the tiny study is registered."""
    monkeypatch.setattr(registration, "REGISTERED", tmp_path / "registered")
    (tmp_path / "registered").mkdir()
    write(tmp_path / "registered" / "tiny.yaml", DATA)
    return tmp_path / "registered"


def write(path, data):
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def test_a_run_keeps_the_checksum_of_its_registration_as_it_stood_at_the_start(folder, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    made = run(config, tmp_path / "run", workers=1)
    digest = hashlib.sha256((folder / "tiny.yaml").read_bytes()).hexdigest()
    assert made.provenance["registration"] == {"study": "tiny", "sha256": digest}
    check_registered(made, "tiny")
    write(folder / "tiny.yaml", DATA | {"verdict": "p below 0.1."})
    with pytest.raises(RunError, match=r"not made under the registration .*tiny\.yaml as it stands"):
        check_registered(made, "tiny")


def test_a_run_that_began_before_its_registration_is_refused(folder, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    for started in ("2025-12-31T23:59:59+00:00", None):
        early = replace(made, provenance=made.provenance | {"started": started})
        with pytest.raises(RunError, match="began before its registration was written, on 2026-01-01"):
            check_registered(early, "tiny")


def test_a_run_that_went_on_under_another_registration_is_refused(folder, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    record = made.provenance
    again = {"started": record["started"], "registration": record["registration"]}
    check_registered(replace(made, provenance=record | {"resumed": [again]}), "tiny")
    other = again | {"registration": {"study": "tiny", "sha256": "0"}}
    with pytest.raises(RunError, match="not made under the registration"):
        check_registered(replace(made, provenance=record | {"resumed": [again, other]}), "tiny")


def test_what_an_older_version_began_counts_as_begun_nobody_knows_when(folder, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(config.flat()))
    (tmp_path / "run" / "parts.json").write_text(json.dumps({"edges": [0, 2]}))
    made = run(config, tmp_path / "run", workers=1)
    assert made.provenance["started"] is None and len(made.provenance["resumed"]) == 1
    with pytest.raises(RunError, match="not made under the registration"):
        check_registered(made, "tiny")


def test_a_run_with_settings_that_nobody_registered_has_no_stamp(folder):
    assert stamp_of(CONFIG) is None


def test_a_registration_that_is_being_written_is_in_no_runs_way(folder, capsys):
    config, before = registrations()["tiny"].runs["tiny-forward"], stamp_of(CONFIG)
    (folder / "a-draft.yaml").write_text("study: a-draft\nquestion: ")
    assert stamp_of(CONFIG) is before and stamp_of(config)["study"] == "tiny"
    assert "a-draft.yaml is no registration" in capsys.readouterr().err
    with pytest.raises(RunError, match=r"a-draft\.yaml is no registration"):
        registrations()


def test_a_draft_that_is_a_copy_takes_no_runs(folder, monkeypatch):
    config = registrations()["tiny"].runs["tiny-forward"]
    write(folder / "a-copy.yaml", DATA | {"study": "a-copy"})
    monkeypatch.setattr(registration, "is_committed", lambda path: path.stem == "tiny")
    assert stamp_of(config)["study"] == "tiny"
    monkeypatch.setattr(registration, "is_committed", lambda path: None)  # outside git
    assert stamp_of(config)["study"] == "a-copy"


@pytest.mark.parametrize("nothing", ["!!int ''", "!!float ''"])
def test_a_value_of_nothing_is_refused_by_name(folder, nothing):
    text = (folder / "tiny.yaml").read_text()
    (folder / "tiny.yaml").write_text(text.replace("seed: ", f"seed: {nothing} #", 1))
    with pytest.raises(RunError, match=r"tiny\.yaml is no registration"):
        read_registration(folder / "tiny.yaml")


def test_attempts_that_are_none_are_damage(folder, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    for wrong in ([3], None, {}):
        broken = replace(made, provenance=made.provenance | {"resumed": wrong})
        with pytest.raises(RunError, match=r"provenance\.json is damaged: resumed is no list of attempts"):
            check_registered(broken, "tiny")


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
def test_what_is_no_registration_is_refused_by_name(folder, change, message):
    path = write(folder / "tiny.yaml", DATA | change)
    with pytest.raises(RunError, match=rf"tiny\.yaml[\s\S]*{message}"):
        read_registration(path)


@pytest.mark.parametrize("arm", ["base/forward", "tiny/backward"])
def test_an_arm_that_no_other_study_has_is_refused_by_name(folder, arm):
    gain = {"of": of("nats", "nats"), "compare": {"reversed": 1, arm: -1}, "test": "bootstrap"}
    write(folder / "tiny.yaml", DATA | changed(**gain))
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
def test_a_run_that_could_be_of_two_studies_is_refused_before_it_is_trained(folder, study, arms, message):
    compare = {next(iter(arms)): 1, "tiny/forward": -1}
    other = {"study": study, "arms": arms} | changed(of=of("nats", "nats"), compare=compare, test="bootstrap")
    write(folder / "tiny.yaml", DATA | {"arms": DATA["arms"] | {"x-forward": {"seed": 8}}})
    registrations()
    write(folder / f"{study}.yaml", DATA | other)
    with pytest.raises(RunError, match=rf"^{re.escape(str(folder))}: .*{message}"):
        registrations()


def test_a_run_with_the_name_of_one_that_is_planned_in_code_is_refused(folder):
    write(folder / "ladder-lstm.yaml", DATA | {"study": "ladder-lstm"})
    (folder / "tiny.yaml").unlink()
    with pytest.raises(RunError, match=r"^ladder-lstm cannot have a run ladder-lstm-forward: one is planned"):
        studies()


@pytest.mark.parametrize("date", ["2026-11-31", "!!timestamp x", "!!int x", "[" * 2000])
def test_a_date_that_no_calendar_has_is_refused_by_file(folder, date):
    path = folder / "tiny.yaml"
    path.write_text(path.read_text().replace("'2026-01-01'", date))
    with pytest.raises(RunError, match=r"tiny\.yaml is no registration: .") as refused:
        read_registration(path)
    assert "\n" not in str(refused.value)


def test_a_run_does_not_go_on_under_a_registration_that_was_changed(folder, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(config.flat()))
    begun = {"edges": [0, 2], "attempts": [{"registration": {"study": "tiny", "sha256": "0"}}]}
    (tmp_path / "run" / "parts.json").write_text(json.dumps(begun))
    with pytest.raises(RunError, match="begun under the registration of tiny as it stood then"):
        run(config, tmp_path / "run", workers=1)
    assert not list(tmp_path.glob("run/*.pt"))


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_validation_loss_is_read_where_the_best_is_kept(folder, keep):
    change = changed(of=of("history", "nats"), requires={"converged": ["forward"], "flat": ["forward"]})
    path = write(folder / "tiny.yaml", DATA | {"settings": DATA["settings"] | {"keep": keep}} | change)
    with pytest.raises(RunError) if keep == "last" else nullcontext():
        read_registration(path)


@pytest.mark.parametrize("name", ["forward", "gain"])
def test_an_arm_or_effect_that_is_given_twice_is_refused(folder, name):
    path = folder / "tiny.yaml"
    first, line, rest = path.read_text().partition(f"  {name}:\n")
    path.write_text(f"{first}{line}{rest}"[: len(first)] + f"  {name}: {{}}\n{line}{rest}")
    line = len(first.splitlines()) + 2
    with pytest.raises(RunError, match=rf"the name {name} is given twice.* line {line}, column 3"):
        read_registration(path)


def test_a_mistake_in_the_yaml_is_named_by_its_line(folder):
    (folder / "tiny.yaml").write_text("study: tiny\nwritten: [2026\nquestion: x\n")
    with pytest.raises(RunError, match="line 3, column"):
        read_registration(folder / "tiny.yaml")


def test_runs_do_not_begin_before_their_registration_is_committed_and_its_day_has_come(folder, monkeypatch):
    for committed in (True, None):  # None: there is no git that could say
        monkeypatch.setattr(registration, "is_committed", lambda path, answer=committed: answer)
        refuse_unready("tiny")
    write(folder / "tiny.yaml", DATA | {"written": "2999-01-01"})
    with pytest.raises(RunError, match=r"tiny\.yaml says that it was written on a day that is still to come"):
        refuse_unready("tiny")
    monkeypatch.setattr(registration, "is_committed", lambda path: False)
    with pytest.raises(RunError, match=r"tiny\.yaml must be committed, alone, before the first of its runs"):
        refuse_unready("tiny")
    refuse_unready("planned-in-code")
