"""Runs and their registrations: a run keeps the stamp of the one that it was made under."""

import hashlib
import json
from dataclasses import replace

import pytest
from shared import CONFIG, DATA, write_yaml

from replicate.files import RunError
from replicate.runs.experiment import run
from replicate.studies import registration
from replicate.studies.registration import (
    check_registered,
    refuse_unready,
    registrations,
    stamp_of,
)


def test_a_run_keeps_the_checksum_of_its_registration_as_it_stood_at_the_start(registry, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    made = run(config, tmp_path / "run", workers=1)
    digest = hashlib.sha256((registry / "tiny.yaml").read_bytes()).hexdigest()
    assert made.provenance["registration"] == {"study": "tiny", "sha256": digest}
    check_registered(made, "tiny")
    write_yaml(registry / "tiny.yaml", DATA | {"verdict": "p below 0.1."})
    with pytest.raises(RunError, match=r"not made under the registration .*tiny\.yaml as it stands"):
        check_registered(made, "tiny")


def test_a_run_that_began_before_its_registration_is_refused(registry, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    for started in ("2025-12-31T23:59:59+00:00", None):
        early = replace(made, provenance=made.provenance | {"started": started})
        with pytest.raises(RunError, match="began before its registration was written, on 2026-01-01"):
            check_registered(early, "tiny")


def test_a_run_that_went_on_under_another_registration_is_refused(registry, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    record = made.provenance
    again = {"started": record["started"], "registration": record["registration"]}
    check_registered(replace(made, provenance=record | {"resumed": [again]}), "tiny")
    other = again | {"registration": {"study": "tiny", "sha256": "0"}}
    with pytest.raises(RunError, match="not made under the registration"):
        check_registered(replace(made, provenance=record | {"resumed": [again, other]}), "tiny")


def test_what_an_older_version_began_counts_as_begun_nobody_knows_when(registry, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(config.flat()))
    (tmp_path / "run" / "parts.json").write_text(json.dumps({"edges": [0, 2]}))
    made = run(config, tmp_path / "run", workers=1)
    assert made.provenance["started"] is None and len(made.provenance["resumed"]) == 1
    with pytest.raises(RunError, match="not made under the registration"):
        check_registered(made, "tiny")


def test_a_run_with_settings_that_nobody_registered_has_no_stamp(registry):
    assert stamp_of(CONFIG) is None


def test_a_registration_that_is_being_written_is_in_no_runs_way(registry, capsys):
    config, before = registrations()["tiny"].runs["tiny-forward"], stamp_of(CONFIG)
    (registry / "a-draft.yaml").write_text("study: a-draft\nquestion: ")
    assert stamp_of(CONFIG) is before and stamp_of(config)["study"] == "tiny"
    assert "a-draft.yaml is no registration" in capsys.readouterr().err
    with pytest.raises(RunError, match=r"a-draft\.yaml is no registration"):
        registrations()


def test_a_draft_that_is_a_copy_takes_no_runs(registry, monkeypatch):
    config = registrations()["tiny"].runs["tiny-forward"]
    write_yaml(registry / "a-copy.yaml", DATA | {"study": "a-copy"})
    monkeypatch.setattr(registration, "is_committed", lambda path: path.stem == "tiny")
    assert stamp_of(config)["study"] == "tiny"
    monkeypatch.setattr(registration, "is_committed", lambda path: None)  # outside git
    assert stamp_of(config)["study"] == "a-copy"


def test_attempts_that_are_none_are_damage(registry, tmp_path):
    made = run(registrations()["tiny"].runs["tiny-forward"], tmp_path / "run", workers=1)
    for wrong in ([3], None, {}):
        broken = replace(made, provenance=made.provenance | {"resumed": wrong})
        with pytest.raises(RunError, match=r"provenance\.json is damaged: resumed is no list of attempts"):
            check_registered(broken, "tiny")


def test_a_run_does_not_go_on_under_a_registration_that_was_changed(registry, tmp_path):
    config = registrations()["tiny"].runs["tiny-forward"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(config.flat()))
    begun = {"edges": [0, 2], "attempts": [{"registration": {"study": "tiny", "sha256": "0"}}]}
    (tmp_path / "run" / "parts.json").write_text(json.dumps(begun))
    with pytest.raises(RunError, match="begun under the registration of tiny as it stood then"):
        run(config, tmp_path / "run", workers=1)
    assert not list(tmp_path.glob("run/*.pt"))


def test_runs_do_not_begin_before_their_registration_is_committed_and_its_day_has_come(registry, monkeypatch):
    for committed in (True, None):  # None: there is no git that could say
        monkeypatch.setattr(registration, "is_committed", lambda path, answer=committed: answer)
        refuse_unready("tiny")
    write_yaml(registry / "tiny.yaml", DATA | {"written": "2999-01-01"})
    with pytest.raises(RunError, match=r"tiny\.yaml says that it was written on a day that is still to come"):
        refuse_unready("tiny")
    monkeypatch.setattr(registration, "is_committed", lambda path: False)
    with pytest.raises(RunError, match=r"tiny\.yaml must be committed, alone, before the first of its runs"):
        refuse_unready("tiny")
    refuse_unready("planned-in-code")
