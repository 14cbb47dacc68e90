//! Faults of what answers reveal: credentials, internals, data of others, the client's own text.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;

use super::around::{guarded, refused};
use super::macros::{guard, wire_fault};
use super::{ALL, Heard, JSON, Layer, Seam};
use crate::reference::failure::Code;
use crate::reference::frames::Reply;

wire_fault!(
    TOKEN_ECHOED,
    "token-echoed",
    "SEC-TOKEN-NOT-ECHOED",
    "echoed",
    ALL,
    "a refusal repeats the credential in a field",
    Seam::Leaving(|head, reply| {
        let Some(credential) = head.headers.get(AUTHORIZATION).cloned() else { return false };
        reply.head.insert("x-debug-credential", credential);
        true
    })
);

/// A fault of error texts: name, kind, summary, and what the text tells.
macro_rules! told {
    ($static:ident, $name:literal, $kind:literal, $summary:literal, $text:literal) => {
        wire_fault!(
            $static,
            $name,
            "SEC-NO-INTERNALS",
            $kind,
            ALL,
            $summary,
            Seam::Outcome(|_, outcome| match outcome {
                Err(failure) => {
                    failure.message = format!("{}: {}", failure.message, $text);
                    true
                }
                Ok(_) => false,
            })
        );
    };
}

told!(
    ADDRESS_TOLD,
    "address-told",
    "network",
    "errors tell the address of the database",
    "dial tcp 10.1.2.3:5432: connect: connection refused"
);
told!(STATEMENT_TOLD, "statement-told", "sql", "errors tell the statement", "INSERT INTO eventstore.events2 failed");
told!(STACK_TOLD, "stack-told", "stack-trace", "errors tell the stack", "goroutine 37 [running]: main.main()");
told!(SOURCE_TOLD, "source-told", "source-location", "errors tell the line of the source", "command.go:57");
told!(FOLDER_TOLD, "folder-told", "file-path", "errors tell a folder of the server", "open /var/lib/server/keys: permission denied");
told!(PANIC_TOLD, "panic-told", "panic", "errors tell of a panic", "panic: index out of range");

/// Whether a request carries the field that is to be made up.
fn tries_to_split(head: &Parts) -> bool {
    let named = |text: &[u8]| text.windows(10).any(|window| window == b"x-injected");
    named(head.uri.path().as_bytes()) || head.headers.values().any(|value| named(value.as_bytes()))
}

wire_fault!(
    VALUE_MAKES_FIELD,
    "value-makes-field",
    "SEC-NO-HEADER-SPLITTING",
    "made-up-field",
    ALL,
    "a value of the request is copied into the head of the answer with its line ends",
    Seam::Leaving(|head, reply| {
        let tried = tries_to_split(head);
        if tried {
            reply.head.insert(HeaderName::from_static("x-injected"), HeaderValue::from_static("1"));
        }
        tried
    })
);

fn page(head: &Parts, reply: &mut Reply) -> bool {
    let text = percent_encoding::percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    let shown = reply.status.is_client_error() && text.contains("<img");
    if shown {
        reply.body = vec![Bytes::from(format!("<!doctype html><h1>{} at {text}</h1>", reply.status))];
        super::wire::label(reply, "text/html");
    }
    shown
}

wire_fault!(
    PATH_IN_PAGE,
    "path-in-page",
    "SEC-NO-REFLECTED-HTML",
    "reflected",
    JSON,
    "the page of an error shows the path as it is",
    Seam::Leaving(page)
);

guard!(
    DENIAL_SHOWS_POLICY,
    "denial-shows-policy",
    "SEC-DENIAL-NO-DATA",
    "shown",
    ALL,
    "the refusal of a call for a foreign organization tells the policy that was loaded",
    |it, context, caller| {
        let mut outcome = it.ask(context, caller);
        if refused(&outcome, Code::PermissionDenied)
            && let Ok(named) = it.ask_as_administrator(context, caller)
            && let Some(policy) = it.custom_policy(context, &named)
            && let Err(failure) = &mut outcome
        {
            failure.message = format!("{} for {policy:?}", failure.message);
            it.acted();
        }
        outcome
    }
);

/// Between the organization of the plain field and that of the prefixed one.
const BETWEEN: u8 = b'|';

pub(super) static PREFIX_ACTS: super::Fault = super::Fault {
    name: "prefix-acts",
    requirement: "SEC-METADATA-PREFIX",
    kind: "body-differs",
    wires: JSON,
    layer: Layer::Meaning,
    summary: "the permission is looked up for the plain field, and the call works in the organization of the prefixed one",
    seam: Seam::Several(&[
        Seam::Head(|head| {
            let prefixed =
                ["grpc-metadata-x-zitadel-orgid", "grpcgateway-x-zitadel-orgid"].into_iter().find_map(|name| head.headers.get(name));
            let Some(prefixed) = prefixed else { return Heard::Untouched };
            let plain = head.headers.get("x-zitadel-orgid").map(|plain| plain.as_bytes().to_vec()).unwrap_or_default();
            let both = [plain.as_slice(), &[BETWEEN], prefixed.as_bytes()].concat();
            let Ok(both) = HeaderValue::from_bytes(&both) else { return Heard::Untouched };
            head.headers.insert("x-zitadel-orgid", both);
            Heard::Bent
        }),
        Seam::Backend(|inner, seed, meter| {
            guarded(
                inner,
                seed,
                meter,
                |it, context, caller| {
                    let [both] = caller.organization.as_slice() else { return it.ask(context, caller) };
                    let Some(at) = both.iter().position(|octet| *octet == BETWEEN) else { return it.ask(context, caller) };
                    let mut admitted = it.ask_in(&[both[..at].to_vec()], context, caller)?;
                    admitted.organization = String::from_utf8_lossy(&both[at + 1..]).into_owned();
                    Ok(admitted)
                },
                |it, context, admitted, message| it.inner(context, admitted, message),
            )
        }),
    ]),
};
