"""Personal data: what is found and what is left alone, and how it is hidden."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from workbench.data.checks.personal import PersonalData
from workbench.data.frame import Frame, frame_of
from workbench.data.personal import KINDS, personal_spans
from workbench.data.step import Context, Step, parse_step
from workbench.data.tables import Table

#: Each kind: the text around the value, and the value. All numbers are examples that their issuers publish or that
#: were made to fit.
FOUND = [
    ("email", "Write to {} now.", "Anna.Lee+news@mail.example.co.uk"),
    ("email", "邮箱{}请联系", "abc@qq.com"),
    ("iban", "Pay to {} AND THEN more", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "IBAN:{}.", "DE89370400440532013000"),
    ("card", "card {}, thanks", "4111 1111 1111 1111"),
    ("card", "({})", "378282246310005"),
    ("card", "{}", "5555-5555-5555-4444"),
    ("identity", "SSN {}", "219-09-9998"),
    ("identity", "social security number {}.", "219099998"),
    ("identity", "NI number: {}", "AB123456C"),
    ("identity", "her NHS number is {}", "943 476 5919"),
    ("identity", "Steuer-ID: {}", "36 574 261 809"),
    ("identity", "né: {}", "2 95 10 99 126 111 93"),
    ("identity", "DNI {}", "54362315K"),
    ("identity", "con {} vale", "X2482300W"),
    ("identity", "CF {}", "RCCMNL83S18D969H"),
    ("identity", "BSN {}", "111222333"),
    ("identity", "身份证{}。", "11010519491231002X"),
    ("identity", "Aadhaar {}", "2341 2341 2346"),
    ("identity", "PESEL: {}", "44051401359"),
    ("identity", "{} född i Lund", "880320-0016"),
    ("identity", "CPF {}", "390.533.447-05"),
    ("identity", "AHV {}", "756.9217.0769.85"),
    ("identity", "hetu {}", "131052-308T"),
    ("phone", "ring {} today", "+44 20 7946 0958"),
    ("phone", "at {} or", "(202) 555-0147"),
    ("phone", "at {}.", "020 7946 0958"),
    ("phone", "unter {} erreichbar", "0171 1234567"),
    ("phone", "au {} svp", "06 12 34 56 78"),
    ("phone", "我的电话{}请打", "13812345678"),
    ("phone", "call {}", "2025550147"),
    ("phone", "from {}", "0049 30 901820"),
    ("ip", "from {}:8080", "192.168.1.17"),
    ("ip", "host {} is down", "2a00:1450:4001:81b::200e"),
    ("name", "I met {} there", "John Smith"),
    ("name", "said {}'s mother", "Anna de Vries"),
    ("name", "Dear Mrs {}, hello", "Okonkwo"),
    ("name", "with {} again", "José Luis García Pérez"),
    ("name", "by {}.", "Jean-Luc Picard"),
]

NOTHING = [
    "logo@2x.png, user@localhost and @handle are no addresses",
    "order number 2025550147, invoice 030 123456, ticket 202 555 0147",
    "on 2024-05-17 12:30:45, 17.05.2024, 01/02/2024 and 05.12.2023 18:00",
    "it costs 1 234 567.89 or $1,234,567 or 1.234.567,00 €",
    "revenue was 612 345 678 and then 712 345 678",
    "version 1.2.3.4, v10.0.0.1, firmware: 2.0.1.7 and 256.1.1.1 and 127.0.0.1",
    "std::vector, abc::def, 12:34:56, dead::beef and ::",
    "pi is 3.14159265358979 and e is 2.718281828459045",
    "ISBN 978-3-16-148410-0, EAN 4006381333931, IMEI 490154203237518",
    "in all 9434765919 were counted",
    "numbers 36574261809, 111222333, 44051401359 and 234123412346 alone mean nothing",
    "part AB123456C of 54362315K",
    "He went to George Washington University, Thomas Edison State Park and Victoria Station",
    "Will They Ever Learn? Grace Under Fire. May Day. Mark My Words.",
    "The Cat Sat On The Mat In New York With United Nations",
    "KING RICHARD III and Henry VIII",
    "a" * 20_000,
    "1" * 20_000,
    "1 " * 10_000,
    "A " * 10_000,
]


@pytest.mark.parametrize(("kind", "around", "value"), FOUND, ids=[value for _, _, value in FOUND])
def test_personal_data_is_found_exactly_where_it_stands(kind: str, around: str, value: str) -> None:
    text = around.format(value)
    (span,) = [span for span in personal_spans(text) if span.kind == kind]
    assert (span.value, text[span.start : span.end]) == (value, value)
    assert personal_spans(text) == [span]


@pytest.mark.parametrize("text", NOTHING, ids=lambda text: text[:30])
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert personal_spans(text) == []


CHECKED = [
    (kind, around, value)
    for kind, around, value in FOUND
    if kind in ("iban", "card", "identity") and value not in ("219-09-9998", "219099998", "AB123456C")
]


@pytest.mark.parametrize(("kind", "around", "value"), CHECKED, ids=[value for _, _, value in CHECKED])
def test_one_other_last_digit_and_the_check_digit_is_wrong(kind: str, around: str, value: str) -> None:
    place = max(i for i, c in enumerate(value) if c.isdigit())
    for other in set("0123456789") - {value[place]}:
        changed = value[:place] + other + value[place + 1 :]
        assert not [span for span in personal_spans(around.format(changed), (kind,)) if span.value == changed]


def test_the_same_number_in_two_spellings_has_one_normal_form() -> None:
    text = "call 2025550147, (202) 555-0147, +1 202-555-0147; 4111-1111-1111-1111 or 4111111111111111"
    normal = [(span.kind, span.normal) for span in personal_spans(text)]
    assert normal == [("phone", "+12025550147")] * 3 + [("card", "4111111111111111")] * 2


def test_only_the_kinds_that_are_asked_for_are_found() -> None:
    text = "John Smith, john@example.com, (202) 555-0147"
    assert {span.kind for span in personal_spans(text)} == {"name", "email", "phone"}
    assert [span.kind for span in personal_spans(text, ("email",))] == ["email"]


def frame(tmp_path: Path, *texts: str | None, label: str = "", **more: Sequence[object]) -> Frame:
    data = pa.table({"text": pa.array(texts, pa.large_string()), **more})
    return frame_of(Table(tmp_path / "a.csv", tuple(data.column_names), data, (), ""), "text", label)


def redact(how: str, **fields: object) -> Step:
    return parse_step({"kind": "redact", "how": how, **fields})


TEXTS = [around.format(value) for _, around, value in FOUND]


def test_removing_leaves_a_word_for_each_and_nothing_else_changes(tmp_path: Path) -> None:
    done = redact("remove").apply(frame(tmp_path, *TEXTS, "nothing here", None), Context())
    expected = [around.format(f"[{kind}]") for kind, around, _ in FOUND]
    assert done.frame.column("text") == [*expected, "nothing here", None]
    assert (done.changed, done.removed, done.added) == (len(FOUND), 0, 0)


def test_a_mask_keeps_the_outline(tmp_path: Path) -> None:
    done = redact("mask").apply(frame(tmp_path, "to a.b@example.com or (202) 555-0147"), Context())
    assert done.frame.column("text") == ["to *.*@*******.*** or (***) ***-****"]


@pytest.mark.parametrize("how", ["remove", "mask", "pseudonym"])
def test_hiding_it_twice_is_hiding_it_once_and_leaves_nothing_to_find(tmp_path: Path, how: str) -> None:
    step = redact(how)
    once = step.apply(frame(tmp_path, *TEXTS, " ".join(TEXTS)), Context(seed=3)).frame
    again = step.apply(once, Context(seed=3))
    assert again.frame.column("text") == once.column("text")
    assert again.changed == 0
    assert PersonalData().find(once, None, Context()) == []
    assert not any(value in text for text in once.column("text") if text for _, _, value in FOUND)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*TEXTS, *NOTHING[:16], "order", "call", " ", "+1", "Mr", "-", "99", "Anna"]),
        max_size=6,
    )
)
def test_hiding_is_idempotent_in_whatever_order_texts_meet(parts: list[str]) -> None:
    whole = frame(Path("nowhere"), " ".join(parts), "".join(parts))
    for how in ("remove", "mask", "pseudonym"):
        once = redact(how).apply(whole, Context()).frame
        assert redact(how).apply(once, Context()).frame.column("text") == once.column("text")


def test_the_same_person_has_the_same_pseudonym_in_every_column_and_file(tmp_path: Path) -> None:
    first = frame(
        tmp_path, "John Smith and Mrs Smith, john@example.com", note=["JOHN SMITH called (202) 555-0147"]
    )
    second = frame(tmp_path, "Was it John Smith? JOHN@example.com or +1 202 555 0147")
    step = redact("pseudonym")
    one, two = (step.apply(rows, Context(seed=1)).frame for rows in (first, second))
    (text,), (note,), (other,) = one.column("text"), one.column("note"), two.column("text")
    assert text and note and other
    person, wife, mail = re.fullmatch(r"(\w+ \w+) and Mrs (\w+), (\S+)", text).groups()  # type: ignore[union-attr]
    assert person.split()[1] == wife
    phone = note.removeprefix(f"{person} called ")
    assert other == f"Was it {person}? {mail} or {phone}"
    assert re.fullmatch(r"person-\w+@mail\.invalid", mail)
    assert re.fullmatch(r"\+999 \d{3} \d{3} \d{4}", phone)
    other_seed = step.apply(first, Context(seed=2)).frame
    assert other_seed.column("text") != one.column("text")
    assert "Smith" not in text


def test_different_values_have_different_pseudonyms(tmp_path: Path) -> None:
    rows = frame(tmp_path, *(f"mail to user{i}@example.com" for i in range(2000)))
    done = redact("pseudonym").apply(rows, Context())
    assert len(set(done.frame.column("text"))) == 2000


def test_the_pseudonym_of_a_card_is_no_card(tmp_path: Path) -> None:
    rows = frame(tmp_path, "card 4111 1111 1111 1111", "card 378282246310005", "card 5555555555554444")
    for text in redact("pseudonym").apply(rows, Context()).frame.column("text"):
        digits = re.sub(r"\D", "", text or "")
        assert len(digits) == 16
        assert not luhn.is_valid(digits)


def test_a_secret_key_gives_pseudonyms_that_the_seed_alone_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = frame(tmp_path, "john@example.com")
    step = redact("pseudonym", key_variable="PEOPLE_KEY")
    monkeypatch.delenv("PEOPLE_KEY", raising=False)
    assert "PEOPLE_KEY" in step.complaints(rows)[0].cause
    monkeypatch.setenv("PEOPLE_KEY", "a long secret")
    assert step.complaints(rows) == []
    secret = step.apply(rows, Context()).frame.column("text")
    assert secret != redact("pseudonym").apply(rows, Context()).frame.column("text")
    assert secret == step.apply(rows, Context()).frame.column("text")


def test_a_kind_that_there_is_not_is_complained_of(tmp_path: Path) -> None:
    (problem,) = redact("mask", what=["emial"]).complaints(frame(tmp_path, "a"))
    assert "emial" in problem.title
    assert "email" in problem.remedy


def test_labels_numbers_and_missing_values_stay_as_they_are(tmp_path: Path) -> None:
    rows = frame(
        tmp_path,
        "a@example.com",
        None,
        label="topic",
        topic=["b@example.com", "b@example.com"],
        size=[1.5, 2.5],
    )
    done = redact("remove").apply(rows, Context()).frame
    assert done.column("text") == ["[email]", None]
    assert done.column("topic") == ["b@example.com", "b@example.com"]
    assert done.data.column("size").type == pa.float64()


def test_chats_are_searched_inside_their_json(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": 'Hello\nJohn Smith here, "john@example.com"\njohn@example.com'}]
    rows = frame(tmp_path, json.dumps(chat))
    (text,) = redact("remove").apply(rows, Context()).frame.column("text")
    assert json.loads(text or "") == [{"role": "user", "content": 'Hello\n[name] here, "[email]"\n[email]'}]


def test_the_check_counts_rows_and_pieces_and_shows_no_value(tmp_path: Path) -> None:
    rows = frame(
        tmp_path,
        "a@example.com and b@example.com",
        "nothing",
        "c@example.com",
        "card 4111 1111 1111 1111",
        note=["", "d@example.com", "e@example.com", ""],
    )
    found = {finding.title: finding for finding in PersonalData().find(rows, None, Context())}
    mail = found["2 rows hold e-mail addresses (3 in all)"]
    noted = found["2 rows hold e-mail addresses in “note” (2 in all)"]
    card = found["1 row holds payment card numbers (1 in all)"]
    assert len(found) == 3
    assert (mail.rows.tolist(), noted.rows.tolist()) == ([0, 2], [1, 2])
    assert [one.name[1:] for one in (mail, noted, card)] == [
        ("text", "email"),
        ("note", "email"),
        ("text", "card"),
    ]
    assert card.examples == ("row 4: 4••• •••• •••• ••••",)
    assert all("example" not in line for line in mail.examples)
    for fix in mail.fixes:
        (record,) = fix.steps
        left = PersonalData().find(parse_step(record).apply(rows, Context()).frame, None, Context())
        assert [one.title for one in left] == [noted.title, card.title]  # the other column is left alone


def test_held_out_rows_are_looked_at_as_well(tmp_path: Path) -> None:
    rows, apart = frame(tmp_path, "a@example.com"), frame(tmp_path, "nothing", "b@example.com")
    (finding,) = PersonalData().find(rows, apart, Context())
    assert finding.title == "1 row and 1 held-out row hold e-mail addresses (2 in all)"
    assert finding.held_out is not None
    assert finding.held_out.tolist() == [1]


def test_reviews_of_real_people_hold_the_telephone_numbers_that_pandas_finds(
    real: Callable[[str], Path],
) -> None:
    path = real("waimai/waimai_10k.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        texts = [row["review"] for row in csv.DictReader(file)]
    numbers = {n for text in texts for n in re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)}
    found = {span.value for text in texts for span in personal_spans(text)}
    assert found <= numbers
    assert len(found) >= 3


def test_nine_of_ten_names_that_are_found_in_messages_are_people(real: Callable[[str], Path]) -> None:
    right = found = 0
    for block in re.split(r"\n\s*\n", real("wnut17/train.conll").read_text(encoding="utf-8")):
        rows = [line.split() for line in block.splitlines() if line.strip()]
        people: set[int] = set()
        text = ""
        for word, *_, tag in rows:
            people |= set(range(len(text), len(text) + len(word))) if tag.endswith("-person") else set()
            text += word + " "
        for span in personal_spans(text, ("name",)):
            found += 1
            right += bool(people & set(range(span.start, span.end)))
    assert found > 100
    assert right / found > 0.9


def test_every_kind_has_an_example_above() -> None:
    assert {kind for kind, _, _ in FOUND} == set(KINDS)
