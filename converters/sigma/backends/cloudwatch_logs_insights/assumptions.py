"""Named assumptions: what AWS's pages leave open and a query must rest on, each with a query that settles it.

docs/semantics.md lists them; a compiled query names those that it rests on.
"""

ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "aws_casing": (
        "AWS always spells event sources, event names and the like the same way.",
        "stats count(*) by eventSource, eventName",
    ),
    "bool_1_0": (
        "JSON booleans are discovered as 1 and 0; a number 1 cannot be told from true.",
        "stats count(*) by readOnly",
    ),
    "empty_kept": (
        "An empty string is a discovered value that /^$/ matches.",
        'filter @message like /"errorMessage":\\s*""/ | stats count(*), sum(if(errorMessage like /^$/, 1, 0))',
    ),
    "json_text": (
        "jsonStringify writes keys and values as JSON does, null as null, and gives null for what is absent.",
        "fields jsonParse(@message) as q_j | fields coalesce(jsonStringify(q_j.resources), '') as q_1 | display q_1, @message",
    ),
    "not_total": (
        "`not (ispresent(f) and …)` is true where f is absent.",
        "stats count(*), sum(if(not (ispresent(q_absent) and q_absent = 'x'), 1, 0))",
    ),
    "null_absent": (
        "ispresent is false where the record has a JSON null.",
        'filter @message like /"responseElements":\\s*null/ | stats count(*), sum(ispresent(responseElements))',
    ),
    "parse_date": (
        "parseDate reads eventTime as given here, and queryEndTime() is in the same unit.",
        "fields parseDate(replace(replace(eventTime, 'T', ' '), 'Z', ''), 'yyyy-MM-dd HH:mm:ss', 'UTC') as q_t"
        " | stats min(toMillis(@timestamp) - q_t), max(toMillis(@timestamp) - q_t)",
    ),
}
