"""Strategies for records in the shape of CloudTrail's: what is there, what is missing, and values that trip up a query.

The fields are those of Amazon Q Business's operations, so that what is known of their shape holds. Outside are what named assumptions
exclude: names that AWS spells (always spelled alike), the numbers 0 and 1 (booleans read so in Logs Insights), letters without a
one-to-one case.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SOURCE = "qbusiness.amazonaws.com"
OTHER_SOURCE = "q.amazonaws.com"
NAMES = ("CreatePlugin", "UpdatePlugin", "BatchPutDocument", "UpdateChatControlsConfiguration")
ERRORS = ("AccessDenied", "ThrottlingException", "Client.UnauthorizedOperation")

_WORDS = (
    "admin", "Admin", "ADMIN", "a", "b", "x y", "  ", "", "null", "NULL", "true", "7", "42", "-3.5", "007", "1.50", "nan",
    "a*b", "a?b", "*", "?", "\\", "a\\b", "\\*", "C:\\Users\\x", '"', "it's", '"Action":"*"', "{}", "[]", "[a]", "(a|b)", "a.b", "axb", "a+b",
    "^a", "a$", "$x$", "100%", "`id`", "a|b", "a,b", "é", "É", "Übung", "ÜBUNG", "ж", "日本", "a\nb", "a\nxb", "a\tb", "line\n", "<b>", "{{x}}", "#1",
    "https://example.com/A?q=1", "arn:aws:iam::111122223333:role/Admin", "-enc", "/enc", "sk-abc123", "x" * 300, "y" * 2000 + "Z",
)  # fmt: skip
_ALPHABET = "abAB01.-_:/ *?\\\"'[]()|$^+é日\n"
_ADDRESSES = (
    "10.1.2.3", "10.255.0.1", "192.0.2.44", "198.51.100.7", "2001:db8::1", "2001:db8:1::7", "::1", "q.amazonaws.com", "AWS Internal",
    "10.1.2", "10.1.2.3.4", "",
)  # fmt: skip

texts = st.one_of(st.sampled_from(_WORDS), st.text(_ALPHABET, max_size=8))
numbers = st.sampled_from((7, 42, 443, -3, 2.5, 100, 1000, 65535))
scalars = st.one_of(texts, numbers)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, null, or, as the mark of `record`, nothing at all."""
    return st.one_of(strategy, strategy, strategy, st.none(), st.just(ABSENT))


ABSENT = object()


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not ABSENT}


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(dict(fields)).map(_present)


_identity = _object(
    type=st.sampled_from(("IAMUser", "AssumedRole", "Root")),
    arn=maybe(texts),
    userName=maybe(texts),
)
_attributes = st.lists(_object(name=maybe(texts)), max_size=2)
_documents = st.lists(_object(id=maybe(texts), title=maybe(texts), attributes=maybe(_attributes)), max_size=3)
_topics = st.lists(_object(name=maybe(texts)), max_size=3)
_parameters = _object(
    displayName=maybe(scalars),
    description=maybe(texts),
    serverUrl=maybe(texts),
    maxResults=maybe(scalars),
    state=maybe(texts),
    authConfiguration=maybe(st.one_of(_object(noAuthConfiguration=maybe(st.just({}))), st.just({}))),
    documents=maybe(_documents),
    topicConfigurationsToDelete=maybe(_topics),
    tagKeys=maybe(st.lists(st.one_of(texts, st.none()), max_size=3)),
)


@st.composite
def record(draw: st.DrawFn) -> dict[str, Any]:
    """One record, without an id and a time."""
    return _present(
        {
            "eventSource": draw(st.sampled_from((SOURCE, SOURCE, SOURCE, OTHER_SOURCE))),
            "eventName": draw(st.sampled_from(NAMES)),
            "userIdentity": draw(maybe(_identity)),
            "sourceIPAddress": draw(maybe(st.sampled_from(_ADDRESSES))),
            "userAgent": draw(maybe(texts)),
            "errorCode": draw(st.sampled_from((*ERRORS, ABSENT, ABSENT, ABSENT))),
            "errorMessage": draw(maybe(texts)),
            "readOnly": draw(maybe(st.booleans())),
            "requestParameters": draw(st.one_of(_parameters, _parameters, _parameters, st.none(), st.just({}))),
            "resources": draw(maybe(st.lists(_object(type=maybe(texts), ARN=maybe(texts)), max_size=2))),
        }
    )
