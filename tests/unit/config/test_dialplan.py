"""What the dialplan hands over and the call centre does not have: by file, line, context and extension."""

from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.config.dialplan import faults, files, languages, prompts
from ari_app.routing.outside import Emergency
from tests.support.callcentre import directory

SMALL = directory()


def found(folder: Path, text: str, application: str = "callcontrol") -> list[str] | None:
    (folder / "extensions.conf").write_text(text)
    errors = faults(SMALL, folder, application)
    return None if errors is None else [f"{e.line} {e.field}: {e.message}" for e in errors]


def test_without_a_dialplan_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert faults(SMALL, tmp_path, "callcontrol") is None


def test_wrong_ids_verbs_features_and_lamps_are_named_with_line_context_and_extension(tmp_path: Path) -> None:
    text = """\
[from-carrier]
exten => 2000,1,Gosub(call-control,deliver,1(group,saless))
 same => n,Hangup()
exten => 2001,1,NoOp()
 same => n(here),GotoIf($[1]?x:y)
 same => n,GosubIf($[${A} = 1]?call-control,deliver,1(groups,sales):call-control,deliver,1(queue,nowhere,5))
exten = _3XXX,1,Stasis(${CALL_CONTROL},agent,nobody)
exten => 4,1,Stasis(callcontrol,skill)
[more](+)
exten => *74,1,Gosub(call-control,feature,1(pause))
exten => 1001,hint,Stasis:alicee
exten => *75,1,Gosub(call-control,feature,1(opening,queue:saless))
exten => 3000,hint,Stasis:queue:saless
exten => 12,1,Gosub(call-control,deliver,1(number,0033140000000))
"""
    assert found(tmp_path, text) == [
        "2 from-carrier 2000: callcentre.yaml has no group 'saless'",
        "6 from-carrier 2001: 'groups' is nothing that can be requested; there are: "
        "agent, group, number, queue, routing_point, skill, voicemail",
        "6 from-carrier 2001: callcentre.yaml has no queue 'nowhere'",
        "7 from-carrier _3XXX: callcentre.yaml has no agent 'nobody'",
        "8 from-carrier 4: callcentre.yaml has no skill ''",
        "10 more *74: 'pause' is no feature; there are: login, logout, not_ready, opening, ready, voicemail",
        "11 more 1001: the lamp Stasis:alicee is no agent's",
        "12 more *75: callcentre.yaml has no 'queue:saless' that could be opened and closed",
        "13 more 3000: the lamp Stasis:queue:saless is no agent's",
        "14 more 12: callcentre.yaml has no number '0033140000000'",
    ]


def test_what_is_right_unknown_yet_somebody_elses_or_a_comment_is_no_fault(tmp_path: Path) -> None:
    text = """\
[from-carrier]
exten => 1,1,Gosub(call-control,deliver,1(group,sales,5)) ; deliver,1(group,nowhere)
exten => 2,1,Gosub(call-control,deliver,1(agent,${DB(who,${EXTEN})}))
exten => 3,1,Gosub(call-control,deliver,1(${VERB},nowhere))
exten => 4,1,Stasis(another,group,nowhere)
exten => 5,1,Gosub(my-own,deliver,1(group,nowhere))
exten => 6,1,Gosub(call-control,deliver,1( skill , french>=3 ))
exten => 7,1,Gosub(call-control,dial,1(${EXTEN}))
;exten => 8,1,Gosub(call-control,deliver,1(group,nowhere))
;--
exten => 9,1,Gosub(call-control,deliver,1(group,nowhere))
--;
exten => 1002,hint,Stasis:bob
exten => 1003,hint,PJSIP/1003
exten => 3000,hint,Stasis:queue:help
exten => *74,1,Gosub(call-control,feature,1(opening,queue:help))
exten => *75,1,Gosub(call-control,feature,1(opening,3000))
exten => _*76X.,1,Gosub(call-control,feature,1(opening,${EXTEN:3}))
exten => _X!,hint,Stasis:${EXTEN}@${CALL_CONTROL}
exten => 10,1,Gosub(call-control,deliver,1(number,2000))
exten => 11,1,Gosub(call-control,deliver,1(number,${NUMBER}))
[call-control]
exten => own,1,Gosub(deliver,1(group,sales))
"""
    assert found(tmp_path, text) == []


def test_lines_after_a_long_comment_keep_their_number_and_the_subroutines_own_calls_count(tmp_path: Path) -> None:
    text = ";--\na\n--;\n[call-control]\nexten => own,1,Gosub(deliver,1(group,nowhere))\n"
    assert found(tmp_path, text) == ["5 call-control own: callcentre.yaml has no group 'nowhere'"]


def test_included_files_are_read_each_by_its_own_name_and_those_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.more").write_text(f"[{name}]\nexten => 1,1,Stasis(${{CALL_CONTROL}},group,{name})\n")
    (tmp_path / "extensions.conf").write_text(
        '#include "*.more"\n#tryinclude <nowhere.conf>\n#include /nowhere/at/all\n#include extensions.conf\n'
    )
    errors = faults(SMALL, tmp_path, "callcontrol") or []
    named = [(Path(e.file).name, e.line, e.field) for e in errors]
    assert named == [("one.more", 2, "one 1"), ("two.more", 2, "two 1")]


def test_the_languages_are_those_that_phones_and_the_dialplan_choose(tmp_path: Path) -> None:
    assert languages(tmp_path) == ()
    (tmp_path / "pjsip.conf").write_text("[party](!)\nlanguage = fr\n;language = xx\n")
    (tmp_path / "asterisk.conf").write_text("[options]\ndefaultlanguage = nl\n")
    (tmp_path / "extensions.conf").write_text("exten => w,1,ExecIf($[1]?Set(CHANNEL(language)=en_GB))\n")
    assert languages(tmp_path) == ("en_GB", "fr", "nl")


def test_the_prompts_are_those_that_the_dialplan_names_each_with_its_place(tmp_path: Path) -> None:
    assert prompts(tmp_path) == {}
    (tmp_path / "extensions.conf").write_text("""\
[menu]
exten => s,1,Background(custom/welcome&digits/1, m,fr)
 same => n,Read(KEY,custom/press&custom/welcome,1)
 same => n,ExecIf($["${A}" = "b"]?playback(custom/${B}&custom/known,noanswer))
 same => n,ControlPlayback( custom/long )
 same => n,Playback()
 same => n,Read(KEY)
 same => n,Playback(https://sounds.example/x)
;same => n,Playback(custom/nothing)
 same => n,MyPlayback(custom/nothing)
""")
    file = tmp_path / "extensions.conf"
    assert prompts(tmp_path) == {
        "custom/welcome": f"{file}:2: menu s",
        "digits/1": f"{file}:2: menu s",
        "custom/press": f"{file}:3: menu s",
        "custom/known": f"{file}:4: menu s",
        "custom/long": f"{file}:5: menu s",
    }


def test_the_files_that_a_file_includes_belong_to_it(tmp_path: Path) -> None:
    assert files(tmp_path, "pjsip.conf") == []
    (tmp_path / "pjsip.conf").write_text("[a]\n#include phones/*.conf ; more\n;#include other.conf\n")
    (tmp_path / "phones").mkdir()
    (tmp_path / "phones" / "one.conf").write_text("#include pjsip.conf\n#include /nowhere/at/all\n")
    (tmp_path / "other.conf").write_text("")
    assert files(tmp_path, "pjsip.conf") == [tmp_path / "pjsip.conf", tmp_path / "phones" / "one.conf"]


@pytest.mark.parametrize("application", ["callcontrol", "other"])
def test_another_applications_name_may_stand_there_in_words(tmp_path: Path, application: str) -> None:
    wrong = found(tmp_path, "[a]\nexten => 1,1,Stasis(other,group,nowhere)\n", application)
    assert bool(wrong) is (application == "other")


def test_what_somebody_has_dialled_is_nowhere_taken_as_it_is() -> None:
    lines = (Path(__file__).parents[3] / "asterisk" / "extensions.conf").read_text().splitlines()
    dialled = [line for line in lines if "${EXTEN" in line.partition(";")[0]]
    assert len(dialled) > 5
    assert [line for line in dialled if "${FILTER(0-9+*#,${EXTEN" not in line] == []


def test_all_but_emergencies_is_looked_at_before_anything_is_done_with_it() -> None:
    text = (Path(__file__).parents[3] / "asterisk" / "extensions.conf").read_text()
    subroutines = text.partition("\n[call-control]\n")[2]
    for name in ("deliver", "gate", "feature"):
        assert f"\nexten => {name},1,Gosub(readable,1)\n" in subroutines
    phones = text.partition("\n[from-phones]\n")[2].partition("\n[emergency]\n")[0]
    begun = [line for line in phones.splitlines() if line.startswith("exten => ")]
    looked_at = ("Gosub(call-control,readable,", "Gosub(call-control,dial,", "Gosub(call-control,feature,")
    assert [line for line in begun if not any(each in line for each in (*looked_at, "Goto(emergency,"))] == []


def test_numbers_for_emergencies_are_the_same_for_phones_and_for_desktops(tmp_path: Path) -> None:
    text = """\
[from-phones]
exten => 112,1,Goto(emergency,112,1)
exten => 911,1,Goto(emergency,911,1)
[emergency]
exten => _X!,1,Dial(PJSIP/${EXTEN}@carrier)
"""
    (tmp_path / "extensions.conf").write_text(text)
    settings = replace(SMALL.settings, emergency=Emergency(frozenset({"112", "15"})))
    found = [f"{e.line} {e.field}: {e.message}" for e in faults(replace(SMALL, settings=settings), tmp_path, "x") or ()]
    assert found == [
        "3 from-phones 911: callcentre.yaml has no 911 in settings.emergency",
        "0 from-phones: callcentre.yaml has 15 in settings.emergency: phones need `exten => 15,1,Goto(emergency,15,1)`",
    ]
