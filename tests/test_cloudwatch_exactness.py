"""Random conditions on random records: what the compiled Logs Insights query finds is what the rule means, in each dialect."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_q_detections import predicate
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
    Exists,
    Leaf,
    Not,
    Number,
    Or,
    SameAs,
    Text,
    Wild,
)
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.cloudwatch import insights
from amazon_q_detections.targets.cloudwatch.insights import DIALECTS
from sigma.backends.cloudwatch_logs_insights.query import Filters, piped

SCHEMA = schema_of("cloudwatch_cloudtrail")
SOURCE = "qbusiness.amazonaws.com"

# Values that differ by one thing from each other. No 0, 1 and `1`: assumption bool_1_0 takes them for booleans.
TEXTS = [
    "", "a", "A", "ab", "a.b", "a b", "a*b", "a?b", "a/b", "a\\b", 'a"b', "a'b", "a|b", "a\nb", "true", "TRUE", "false", "7", "7.0",
    "007", "7e0", "-7", "10.1.2.3", "2001:db8::1", "q.amazonaws.com", "null", "é", "É", "[a]", "{a}", ",", "EXTENDED", "x" * 300,
]  # fmt: skip
SCALARS = st.sampled_from(TEXTS) | st.sampled_from([7, -7, 7.5, 70, True, False])
# Read where a record is always discovered, where it is parsed, and through arrays.
HEAD = ["userAgent", "userIdentity.userName", "errorMessage"]
TAIL = ["requestParameters.a", "requestParameters.o.a", "recipientAccountId"]
LISTS = ["resources.type", "requestParameters.documents.documentId"]
PHRASES = "requestParameters.blockedPhrasesConfigurationUpdate.blockedPhrasesToDelete"

NULLS = st.none()
OBJECTS = st.sampled_from([{}, {"a": "b"}, {"a": None}])


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"eventSource": SOURCE}
    for field, values in (
        ("userAgent", st.sampled_from(TEXTS) | NULLS),
        ("errorMessage", st.sampled_from([text for text in TEXTS if text])),
        ("recipientAccountId", SCALARS | NULLS),
        ("userIdentity", st.fixed_dictionaries({}, optional={"userName": st.sampled_from(TEXTS) | NULLS}) | NULLS),
    ):
        if draw(st.booleans()):
            found[field] = draw(values)
    if draw(st.booleans()):
        parameters = st.fixed_dictionaries(
            {},
            optional={
                "a": SCALARS | NULLS | OBJECTS,
                "o": st.fixed_dictionaries({}, optional={"a": SCALARS | NULLS | OBJECTS}) | NULLS,
                "documents": st.lists(
                    st.fixed_dictionaries({}, optional={"documentId": SCALARS | NULLS, "title": SCALARS}), max_size=3
                ),
                "blockedPhrasesConfigurationUpdate": st.fixed_dictionaries(
                    {}, optional={"blockedPhrasesToDelete": st.lists(SCALARS | NULLS, max_size=3) | st.sampled_from(TEXTS)}
                ),
            },
        )
        found["requestParameters"] = draw(parameters | NULLS)
    if draw(st.booleans()):
        found["resources"] = draw(
            st.lists(st.fixed_dictionaries({}, optional={"type": SCALARS | NULLS, "ARN": SCALARS}), max_size=3)
        )
    return found


@st.composite
def texts(draw: st.DrawFn) -> Text:
    part = st.sampled_from([text for text in TEXTS if text]) | st.sampled_from(["a", "e", "t", "7", "."])
    parts: list[str | Wild] = []
    for one in draw(st.lists(st.one_of(part, st.sampled_from([Wild.ANY, Wild.ONE])), max_size=4)):
        if parts and isinstance(one, str) and isinstance(parts[-1], str):
            parts[-1] += one
        elif not (one is Wild.ANY and parts and parts[-1] is Wild.ANY):
            parts.append(one)
    return Text(tuple(parts), draw(st.booleans()))


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    field = draw(st.sampled_from([*HEAD, *TAIL, *LISTS, PHRASES]))
    tests: list[st.SearchStrategy[Any]] = [texts(), texts(), st.just(Exists()), st.builds(Boolean, st.booleans())]
    if field in (*HEAD, *TAIL):
        tests += [
            st.builds(Number, st.sampled_from([7, -7, 7.5, 70, 0.0000001])),
            st.builds(Compare, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from([7, 7.25, -7])),
            st.builds(Cidr, st.sampled_from([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])),
            st.builds(SameAs, st.sampled_from([*HEAD, *TAIL])),
        ]
    return Leaf(field, draw(st.one_of(tests)))


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda args: And(tuple(args))),
        st.lists(inner, min_size=2, max_size=3).map(lambda args: Or(tuple(args))),
    ),
    max_leaves=5,
)
WHOLE = CONDITIONS.map(lambda one: And((Leaf("eventSource", Text((SOURCE,))), one)))

said: dict[bool, int] = {True: 0, False: 0}


@given(condition=WHOLE, found=st.lists(events(), min_size=4, max_size=8))
@settings(max_examples=1500, deadline=None, derandomize=True)
def check(condition: Condition, found: list[dict[str, Any]]) -> None:
    try:
        query = piped(Filters(SCHEMA, frozenset({SOURCE})).lines(condition))
    except Refused:
        return
    matches = predicate.compile(condition)
    for event in found:
        if _is_untold(condition, event):
            continue
        for dialect in DIALECTS:
            got = bool(insights.run(query, [insights.row(event)], 0, dialect))
            assert got is matches(event), (query, event)
            said[got] += 1


def _is_untold(condition: Condition, event: dict[str, Any]) -> bool:
    """Odd spellings of numbers are outside the contract where values are compared; a boolean may be 1 or 0 (bool_1_0)."""
    match condition:
        case Leaf(test=Compare() | SameAs()):
            return any(odd in str(event) for odd in ("007", "7e0", "True", "False"))
        case Leaf(test=Text() as text) if text.fits("1") is not text.fits("true") or text.fits("0") is not text.fits("false"):
            return any(text.fits(one) for one in "10") and any(odd in str(event) for odd in ("True", "False"))
        case And() | Or():
            return any(_is_untold(arg, event) for arg in condition.args)
        case Not():
            return _is_untold(condition.arg, event)
    return False


def test_random_conditions_keep_their_meaning() -> None:
    check()
    assert min(said.values()) > 1000, said
