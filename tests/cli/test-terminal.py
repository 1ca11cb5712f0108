# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from outside may hold what a terminal obeys. roundsctl prints none of it, forges no line of a
table with a line end in a name, and still gives scripts the same values."""

import json

from ctl import Profile, main

FAMILY = "Gr\x1b[31mün\x1b]0;owned\x07\u009b2J\u202e\x7f"
GIVEN = "An\nna"
HOSTILE = {
    "resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "t1", "name": [{"family": FAMILY, "given": [GIVEN]}]}},
        {"resource": {"resourceType": "Condition", "id": "t2", "subject": {"reference": "Patient/t1"},
                      "code": {"text": "Cough\x1b[2J"}}},
    ],
}


def obeyed(text):
    """The characters that a terminal would act on."""
    return [c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or "\u202a" <= c <= "\u202e"]


def test_terminal_gets_no_commands():
    with Profile() as profile:
        source = profile.write("bad\x1b[31m\nname.json", json.dumps(HOSTILE))
        answers = [profile("import", source)]
        for argv in (["patients"], ["chart", "t1"], ["resource", "get", "Patient/t1"], ["audit", "export"],
                     ["patients", "--json"], ["chart", "t1", "--json"]):
            answers.append(profile(*argv))
        answers.append(profile("import", profile.top / "not\x1b[5mhere", expect=1))
        for answer in answers:
            assert not obeyed(answer.out) and not obeyed(answer.err), f"{answer.argv}: {answer.out!r} {answer.err!r}"
        assert len(answers[0].out.splitlines()) == 2, answers[0].out
        assert len(answers[1].out.splitlines()) == 2, "a line end in a name made a row of its own"


def test_scripts_get_the_same_values():
    with Profile() as profile:
        profile("import", profile.write("in.json", json.dumps(HOSTILE)))
        assert profile("resource", "get", "Patient/t1").only["name"] == [{"family": FAMILY, "given": [GIVEN]}]


main(globals())
