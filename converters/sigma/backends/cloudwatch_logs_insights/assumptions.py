"""Named assumptions: what AWS's pages leave open and a query must rest on, each with a query that settles it.

docs/semantics.md lists them; a compiled query names those that it rests on.
"""

ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "aws_casing": (
        "AWS always spells event sources, event names and the like the same way, and the rule spells them so.",
        "stats count(*) by eventSource, eventName",
    ),
    "bool_1_0": (
        "A JSON boolean reads as 1 and 0, or as true and false; a number 1 cannot be told from true.",
        "fields jsonParse(@message) as q_record | stats count(*) by readOnly, q_record.readOnly",
    ),
    "by_case": (
        "stats keeps groups apart that differ in case only, and groups by an empty string.",
        "fields if(ispresent(errorCode), 'a', 'A') as q_text | stats count(*) by q_text",
    ),
    "characters": (
        "A regular expression sees characters, not bytes: a dot, or a class such as [éÉ], is one of them.",
        "fields concat(eventName, 'é') as q_text"
        " | stats count(*), sum(if(q_text like /[A-Za-z0-9][éÉ]$/, 1, 0)), sum(if(q_text like /[A-Za-z0-9](.|\\s)$/, 1, 0))",
    ),
    "empty_kept": (
        "An empty string is a value: ispresent is true of it, and /^$/ matches it.",
        'filter @message like /"errorMessage":\\s*""/'
        " | stats count(*), sum(ispresent(errorMessage)), sum(if(errorMessage like /^$/, 1, 0))",
    ),
    "json_text": (
        "jsonStringify writes keys and values as JSON does, null as null, and gives null for what is absent.",
        "fields jsonParse(@message) as q_record | fields coalesce(jsonStringify(q_record.resources), '') as q_resources_json"
        " | display q_resources_json, @message",
    ),
    "no_array": (
        "A field that the pipeline does not list as an array, of a service that it does not know, goes through none.",
        "fields jsonParse(@message) as q_record | filter jsonStringify(q_record.requestParameters) like /:\\s*\\[/"
        " | stats count(*) by eventSource, eventName",
    ),
    "not_total": (
        "`not (ispresent(f) and …)` is true where f is absent.",
        "stats count(*), sum(if(not (ispresent(q_absent) and q_absent = 'x'), 1, 0))",
    ),
    "null_absent": (
        "ispresent is false where the record has a JSON null, as a field and in the record parsed.",
        'filter @message like /"responseElements":\\s*null/ | fields jsonParse(@message) as q_record'
        " | stats count(*), sum(ispresent(responseElements)), sum(ispresent(q_record.responseElements))",
    ),
    "one_place": (
        "In an array of a call, a key of this name, below the key before it, stands at one place only.",
        "fields jsonParse(@message) as q_record"
        " | fields coalesce(jsonStringify(q_record.requestParameters), '') as q_json | display eventSource, eventName, q_json",
    ),
    "parse_date": (
        "parseDate reads eventTime as given here, and queryEndTime() is in the same unit.",
        "fields parseDate(replace(replace(eventTime, 'T', ' '), 'Z', ''), 'yyyy-MM-dd HH:mm:ss', 'UTC') as q_t"
        " | stats min(toMillis(@timestamp) - q_t), max(toMillis(@timestamp) - q_t)",
    ),
    "plain_numbers": (
        "A number in a parsed record reads as it is spelled there, without an exponent.",
        "fields jsonParse(@message) as q_record | filter isNumeric(q_record.requestParameters.maxResults)"
        " | display q_record.requestParameters.maxResults, @message",
    ),
    "text_end": (
        "In a regular expression `$` is the end of the value, and no place before a line break there.",
        "filter errorMessage like /\\s$/ | stats count(*), sum(if(errorMessage like /[^\\s]$/, 1, 0))",
    ),
    "whole_amounts": (
        "The summed field holds whole numbers of up to 15 digits, none below 0.",
        "filter ispresent(additionalEventData.bytesTransferredOut)"
        " | filter not (additionalEventData.bytesTransferredOut like /^(0|[1-9][0-9]{0,14})$/) | stats count(*)",
    ),
    "word_boundary": (
        "In a regular expression \\b is a place between a letter, digit or _ of ASCII and none, \\B any other place.",
        "stats count(*), sum(if(eventName like /^\\b[A-Za-z0-9_]+\\b$/, 1, 0)), sum(if(eventName like /[A-Z]\\B[a-z]/, 1, 0))",
    ),
}
