//! The keys of the files that people write: one table a mapping. Readers, spelling hints and the editor schema all come from here.

/// The keys of one kind of mapping.
#[derive(Debug)]
pub struct Table {
    /// What it is called in messages, with its article, e.g. `a case`.
    pub title: &'static str,
    /// Its name in the editor schema.
    pub name: &'static str,
    /// Its keys, in the order in which they are best written.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// The form of its value.
    pub form: Form,
    /// One sentence for editors and documentation.
    pub about: &'static str,
}

/// The form of a value, as far as an editor can check it.
#[derive(Debug)]
pub enum Form {
    /// Any value: patterns and messages follow the descriptors, not this table.
    Any,
    /// Text.
    Text,
    /// `true` or `false`.
    Truth,
    /// A whole number that is not negative.
    Count,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A value of this form or a list of such values.
    OneOrMore(&'static Form),
    /// A list.
    List(&'static Form),
    /// A mapping with these keys.
    Mapping(&'static Table),
    /// A mapping with the keys of the table of this name, which can't be referred to because it stands above.
    Above(&'static str),
    /// A mapping from names that the author gives.
    Names(&'static Form),
    /// One of these forms.
    Either(&'static [Form]),
    /// A pattern: exactly this text matches.
    Matching(&'static str),
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, required: false, form, about }
}

const fn required(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, required: true, form, about }
}

/// Names of wires.
pub const WIRES: &[&str] = &["json", "grpc", "grpc-web", "grpc-web-text"];
/// Names of HTTP versions.
pub const VERSIONS: &[&str] = &["h1", "h2"];
/// Declared defects; `none` says that a raw form is a well-formed call all the same.
pub const DEFECTS: &[&str] = &["none", "method", "path", "head", "content-type", "frame", "message"];
/// What an agreement can compare beside its default.
pub const COMPARED: &[&str] = &["codes", "errors", "frames", "heads"];
/// Choices of a connection.
pub const CONNECTIONS: &[&str] = &["new", "open", "same"];
/// The gRPC codes.
pub const CODES: &[&str] = &[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

const REQUIREMENT: Form = Form::Matching("^[A-Z0-9]+(-[A-Z0-9]+)+$");
const HEADERS: Form = Form::Names(&Form::Any);
const STEPS: Form = Form::List(&Form::Mapping(&STEP));
const EXPECTATIONS: Form = Form::OneOrMore(&Form::Mapping(&EXPECT));

const RPC: Key = key("rpc", Form::Text, "The operation: `Method` of the suite's service, or `package.Service/Method`.");
const AS: Key = key("as", Form::Text, "The identity that calls; without it the fixture's.");
const SEND: Key =
    key("send", Form::Names(&Form::Any), "The message in ProtoJSON; strings may hold captures. Each wire puts it in its own form.");
const JSON: Key = key(
    "json",
    Form::Either(&[Form::Text, Form::Names(&Form::Text)]),
    "The JSON body as text (with captures) or as `{ hex: ... }`, exactly as it is sent (wire json only). Needs `defect`.",
);
const MESSAGE: Form = Form::Either(&[Form::Text, Form::Mapping(&FILLED)]);
const BYTES: Key =
    key("bytes", MESSAGE, "The encoded message in hexadecimal, or one of a certain length, framed by each binary wire. Needs `defect`.");
const FRAMES: Key =
    key("frames", Form::Text, "The framed content in hexadecimal, exactly as it is sent (binary wires only). Needs `defect`.");
const HTTP_REQUEST: Key = key("http", Form::Mapping(&HTTP), "An HTTP request that no operation describes. Needs `defect`.");
const HEADER_EDITS: Key = key(
    "headers",
    HEADERS,
    "Fields of the request: a value, a list of values (a field each), `{ hex: ... }` for octets, `[]` to take a default one away.",
);
const DEFECT: Key =
    key("defect", Form::Word(DEFECTS), "Where the request breaks a rule of its wire; `none`: a raw form that is a well-formed call.");
const VIA: Key = key(
    "via",
    Form::Either(&[Form::Count, Form::Word(&["first", "second", "every"])]),
    "Which wire of an `across` trial is used: first, second, a number from 0, or every.",
);
const SCRIPT: Form = Form::List(&Form::Mapping(&RAW_ACTION));
const RAW: Key = key(
    "raw",
    SCRIPT,
    "A script over a connection of HTTP/1.1; then one response is read. Needs `defect`. The answer is read as that of the operation.",
);
const LAYOUT: Form = Form::List(&Form::Mapping(&STREAM_ACTION));
const STREAM: Key = key(
    "stream",
    LAYOUT,
    "How the call goes over HTTP/2, frame by frame, behind its HEADERS; what is left of the content goes out at the end.",
);
const CONNECTION: Key =
    key("connection", Form::Word(CONNECTIONS), "`new`: one of its own; `open`: a new one, which the steps that say `same` go on with.");
const EXPECTED: Key = key("expect", EXPECTATIONS, "What must hold of the answer; a list where pieces answer for different requirements.");
const UNTIL: Key = key("until", Form::Mapping(&EXPECT), "Asked again until this holds, to the consistency bound; then `expect` is judged.");
const EVENTUALLY: Key =
    key("eventually", Form::Mapping(&EXPECT), "Asked again until this holds; that it holds within the bound is the expectation.");
const IN_A_ROW: Key = key(
    "in-a-row",
    Form::Count,
    "How many times one after the other `until` or `eventually` has to hold; one that doesn't is enough after the bound.",
);
const CAPTURE: Key = key(
    "capture",
    Form::Names(&Form::Text),
    "Values kept from the answer: name -> path of members, `error.` first where it is of the error, `head.` before the name of a field.",
);

const PARALLEL: Key = key(
    "parallel",
    Form::List(&Form::Above("step")),
    "Steps that are released together with this one, each on a connection of its own. They capture nothing.",
);
const TIMES: Key = key("times", Form::Count, "How many times it is made at once, each on a connection of its own; at most 64.");
const TOGETHER_KEY: Key =
    key("together", Form::Mapping(&TOGETHER), "What the answers to steps that are released together show as a whole.");

/// `suite.yaml`.
pub static SUITE: Table = Table {
    title: "the suite",
    name: "suite",
    keys: &[
        required("suite", Form::Text, "The suite's name."),
        required("service", Form::Text, "The service whose methods are named without it, `package.Service`."),
        key("headers", HEADERS, "Fields that every request carries."),
        key(
            "volatile",
            Form::Names(&Form::List(&Form::Text)),
            "Message -> fields whose values differ from call to call: agreement compares them by presence and form.",
        ),
        required("identities", Form::Names(&Form::Mapping(&IDENTITY)), "Callers by name."),
        key("fixtures", Form::Names(&Form::Mapping(&FIXTURE)), "Start states by name."),
        key(
            "offered",
            Form::Names(&REQUIREMENT),
            "Wire (`json`) or transport (`json/h2`) -> the requirement that is violated where it is claimed and doesn't answer its probe.",
        ),
        required("probe", Form::Mapping(&STEP), "The harmless call that shows that a transport is spoken and the token works."),
    ],
};

/// An identity.
pub static IDENTITY: Table = Table {
    title: "an identity",
    name: "identity",
    keys: &[
        required("token", Form::Text, "`none`, `run` (the token given to the run) or a capture."),
        key("headers", HEADERS, "Fields that its requests carry."),
        key(
            "setup",
            STEPS,
            "Makes it, once for each fixture set and only where a case needs it; ends with a call of its own that shows that it is ready.",
        ),
        key("remove", STEPS, "When the fixture set is given back, before the fixture's own."),
        key("role", Form::Text, "The role of the run's token that its setup needs: told where it may not."),
    ],
};

/// A fixture.
pub static FIXTURE: Table = Table {
    title: "a fixture",
    name: "fixture",
    keys: &[
        key("upon", Form::Text, "The fixture that it stands on; only one without has `setup` and `remove`."),
        key("as", Form::Text, "The identity of its steps and of the cases that name none; without it that of the fixture below."),
        key("setup", STEPS, "Once for each set."),
        key("role", Form::Text, "The role of the run's token that its setup needs: told where it may not."),
        key(
            "reset",
            STEPS,
            "Makes the start state before each trial, after the steps of the fixture below; ends with a read that shows it.",
        ),
        key("remove", STEPS, "When the set is given back."),
        key("marker", STEPS, "A harmless write, and last the read: `until` its effect shows, `expect` exactly start + marker."),
    ],
};

/// A file of cases.
pub static FILE: Table = Table {
    title: "a case file",
    name: "file",
    keys: &[
        key("rpc", Form::Text, "The operation of the cases that name none."),
        required("cases", Form::List(&Form::Mapping(&CASE)), "The cases."),
    ],
};

/// A case.
pub static CASE: Table = Table {
    title: "a case",
    name: "case",
    keys: &[
        required("name", Form::Text, "What it shows, as words that go on after the file's topic; part of the trial's id."),
        key("given", Form::Text, "The fixture that it starts from."),
        AS,
        required("requirements", Form::List(&REQUIREMENT), "The requirements that its trials answer for."),
        key(
            "covers",
            Form::Names(&Form::List(&Form::Text)),
            "Requirement -> the parts of its check that this case covers; without it all of them.",
        ),
        key(
            "agreement",
            Form::Either(&[REQUIREMENT, Form::Truth]),
            "The requirement that a disagreement of the wires violates; `false`: not compared.",
        ),
        key(
            "compare",
            Form::Word(COMPARED),
            "What the agreement compares: `codes`; `errors` with details and texts; `frames`: all that text and binary gRPC-Web share.",
        ),
        key(
            "exclusive",
            Form::Word(&["target"]),
            "`target`: it changes what belongs to the whole target. It runs alone, after all others, and only with consent; its fixture restores.",
        ),
        key("wires", Form::List(&Form::Word(WIRES)), "Only these wires; without it those of its requirements."),
        key("http-versions", Form::List(&Form::Word(VERSIONS)), "Only these HTTP versions."),
        key(
            "across",
            Form::Word(&["pairs", "each"]),
            "One trial over several wires: for each ordered pair of them, or one that visits all.",
        ),
        key(
            "variants",
            Form::Either(&[Form::List(&Form::Any), Form::Names(&Form::Any)]),
            "Values for `$variant`, or names with a value or with members that replace those of `send`: a trial each.",
        ),
        RPC,
        SEND,
        JSON,
        BYTES,
        FRAMES,
        HTTP_REQUEST,
        RAW,
        HEADER_EDITS,
        DEFECT,
        VIA,
        CONNECTION,
        STREAM,
        EXPECTED,
        UNTIL,
        EVENTUALLY,
        IN_A_ROW,
        CAPTURE,
        PARALLEL,
        TIMES,
        TOGETHER_KEY,
        key("control", Form::Mapping(&CONTROL), "What differs, in one place, in the call that must succeed; a negative case has one."),
        key("marker", Form::Truth, "Ends with the marker of the fixture: nothing but the marker's write changed the state."),
        key("then", STEPS, "What follows."),
    ],
};

/// A step.
pub static STEP: Table = Table {
    title: "a step",
    name: "step",
    keys: &[
        RPC,
        AS,
        SEND,
        JSON,
        BYTES,
        FRAMES,
        HTTP_REQUEST,
        RAW,
        key("wait", Form::Count, "Waits so many milli-seconds and sends nothing."),
        HEADER_EDITS,
        DEFECT,
        VIA,
        CONNECTION,
        STREAM,
        EXPECTED,
        UNTIL,
        EVENTUALLY,
        IN_A_ROW,
        CAPTURE,
        PARALLEL,
        TIMES,
        key("after", Form::Count, "In `parallel`: so many milli-seconds after the others."),
        TOGETHER_KEY,
    ],
};

/// What several answers show together.
pub static TOGETHER: Table = Table {
    title: "what answers show together",
    name: "together",
    keys: &[
        key("at-most", Form::Names(&Form::Count), "Code -> how many answers may have it."),
        key(
            "unknown",
            Form::OneOrMore(&Form::Word(CODES)),
            "Codes that leave open whether a call took effect: with one of them the trial is inconclusive, unless too many have another code.",
        ),
        key("distinct", Form::Text, "Path of a member that no two successes share, e.g. `details.sequence`."),
    ],
};

/// A control: one difference and what follows.
pub static CONTROL: Table = Table {
    title: "a control",
    name: "control",
    keys: &[
        key("given", Form::Text, "It starts from this fixture."),
        AS,
        SEND,
        JSON,
        BYTES,
        FRAMES,
        RAW,
        HEADER_EDITS,
        key("path", Form::Text, "The path of the `http` form."),
        key("method", Form::Text, "The method of the `http` form."),
        key("content", Form::Either(&[Form::Text, Form::Names(&Form::Text)]), "The content of the `http` form."),
        EXPECTED,
        key("then", STEPS, "What follows the control, e.g. a read that shows its effect."),
    ],
};

/// The keys of a control of which exactly one is there.
pub const DIFFERENCES: &[&str] = &["given", "as", "send", "json", "bytes", "frames", "headers", "path", "method", "content", "raw"];

/// What can be said of the content of an answer beside what is in it.
pub const CONTENT: &[&str] = &["none"];

/// Ways in which an exchange ends.
pub const ENDS: &[&str] =
    &["complete", "closed", "lost", "timed-out", "reset", "cancelled", "no-error", "protocol-error", "goaway", "http2"];

const CODE: Key = key(
    "code",
    Form::Either(&[Form::OneOrMore(&Form::Word(CODES)), Form::Names(&Form::OneOrMore(&Form::Word(CODES)))]),
    "Allowed gRPC codes, or all but those of `{ $not: [...] }`. With `body` and without `code`: OK.",
);
const STATUS: Key = key("status", Form::Any, "HTTP status: a number, a list, a class such as 4xx, or `{ $not: [...] }`.");
const HEAD: Key = key(
    "head",
    Form::Names(&Form::Any),
    "Fields of the answer's head: `{ $absent: true }`, `{ $once: true }`, `{ $not: ... }`, `{ $lists: [...] }`, or exactly these values.",
);
const BODY: Key = key("body", Form::Any, "Pattern of the success message.");
const AN_ERROR: Key = key("error", Form::Mapping(&ERROR), "Pattern of the error.");
const REFUSED: Key = key("refused", Form::Truth, "Refused as the catalogue defines it.");
const ENDED: Key =
    key("ends", Form::OneOrMore(&Form::Word(ENDS)), "How the exchange may end, where a whole answer isn't all that is right.");
const NO_CONTENT: Key = key("content", Form::Word(CONTENT), "`none`: the answer has no content, not an octet.");

const HIDES: Key = key(
    "hides",
    Form::OneOrMore(&Form::Text),
    "Texts that stand nowhere in the answer: not in a field, not in the content, not in decoded details.",
);

/// An expectation.
pub static EXPECT: Table = Table {
    title: "an expectation",
    name: "expect",
    keys: &[
        key("requirement", REQUIREMENT, "The requirement that this piece answers for; one of the case's."),
        CODE,
        STATUS,
        HEAD,
        BODY,
        AN_ERROR,
        REFUSED,
        NO_CONTENT,
        HIDES,
        ENDED,
        key(
            "any",
            Form::List(&Form::Mapping(&ALTERNATIVE)),
            "Alternatives, where the specification leaves a choice: the first one that holds is taken, and one must.",
        ),
    ],
};

/// One of the answers among which a specification leaves a choice.
pub static ALTERNATIVE: Table = Table {
    title: "an alternative",
    name: "alternative",
    keys: &[
        CODE,
        STATUS,
        HEAD,
        BODY,
        AN_ERROR,
        REFUSED,
        NO_CONTENT,
        HIDES,
        ENDED,
        key(
            "not-applicable",
            Form::Text,
            "Where it is taken the target doesn't have what the case is about: why. The trial ends and counts neither way.",
        ),
        key("then", Form::List(&Form::Above("step")), "What follows where this alternative is taken, before all other steps."),
    ],
};

/// The pattern of an error.
pub static ERROR: Table = Table {
    title: "an error",
    name: "error",
    keys: &[
        key("message", Form::Any, "Pattern of the message text."),
        key("details", Form::Any, "Pattern of the list of details; `@type` without `/` is compared with the part after the last one."),
    ],
};

/// An HTTP request.
pub static HTTP: Table = Table {
    title: "an HTTP request",
    name: "http",
    keys: &[
        required("method", Form::Text, "The HTTP method."),
        required("path", Form::Text, "The path with its query; may hold captures."),
        key("content", Form::Either(&[Form::Text, Form::Names(&Form::Text)]), "The content as text, or `{ hex: ... }`."),
    ],
};

/// A message that is filled up.
pub static FILLED: Table = Table {
    title: "a message of a certain length",
    name: "filled",
    keys: &[
        required("start", Form::Text, "Its first fields in hexadecimal."),
        key("length", Form::Count, "Its length in octets: a field that no schema has, number 15, fills it up with zeros."),
        key("above-limit", Form::Count, "Instead: so many octets more than the limit that the target declares."),
    ],
};

/// What is done on a stream. Exactly one of its keys is there.
pub static STREAM_ACTION: Table = Table {
    title: "an action of a stream",
    name: "stream",
    keys: &[
        key("window", Form::Count, "First of all: the window that streams of this connection begin with; it grows by `grant` alone."),
        key("data", Form::Count, "The next so many octets of the content in a DATA frame."),
        key("end", Form::Truth, "The rest of the content with END_STREAM."),
        key("wait", Form::Count, "Waits so many milli-seconds, unless the call is over before."),
        key("grant", Form::Count, "Gives the stream room for so many octets more."),
        key(
            "beside",
            Form::Word(&["open", "cancel"]),
            "Another stream with the same head on this connection: opens it, or ends it with CANCEL.",
        ),
        key(
            "await-reset",
            Form::Count,
            "Last: behind a whole answer waits so many milli-seconds for RST_STREAM. The request stays unfinished.",
        ),
        key(
            "spend",
            Form::Count,
            "Alone: calls like this one, each with 60 000 zeros as its message, until so many times the connection's window was sent.",
        ),
    ],
};

/// An action of a script. Exactly one of its keys is there.
pub static RAW_ACTION: Table = Table {
    title: "an action of a script",
    name: "action",
    keys: &[
        key(
            "head",
            Form::List(&Form::Any),
            "Lines, each sent with CRLF, and an empty one behind them. `$content.length` is the number of octets of the next `send`.",
        ),
        key(
            "send",
            Form::Any,
            "Octets: text with captures, `{ hex: ... }`, `{ chunk: ... }`, `{ of: ..., times: n }`, or a list of these, one after the other.",
        ),
        key("half-close", Form::Truth, "Sends nothing more; the response is still read."),
        key("wait", Form::Count, "Waits so many milli-seconds."),
        key("await", Form::Word(&["head"]), "Goes on when a response head has come, be it informational or final."),
    ],
};

/// All tables that the editor schemas define by name.
pub static TABLES: &[&Table] = &[
    &SUITE,
    &IDENTITY,
    &FIXTURE,
    &FILE,
    &CASE,
    &STEP,
    &TOGETHER,
    &CONTROL,
    &EXPECT,
    &ALTERNATIVE,
    &ERROR,
    &HTTP,
    &FILLED,
    &STREAM_ACTION,
    &RAW_ACTION,
];
