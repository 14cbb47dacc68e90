//! Legal variants of behaviour in time: slow answers, connections that end, tokens and rates.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use prost_reflect::DynamicMessage;

use super::{ALL, Meter, Seam, Variant, tree, variant_frames};
use crate::reference::auth;
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context};
use crate::reference::failure::{Code, Failure};
use crate::reference::frames::STATUS;
use crate::reference::manner::Manner;
use crate::reference::refusal::Refusal;

pub(super) static SLOW_STEADY: Variant = Variant {
    name: "slow-steady",
    spared_by: &["HTTP-TE-TRAILERS", "HTTP-RESPONSE-FRAMING"],
    wires: ALL,
    summary: "answers come in pieces, a few milliseconds apart",
    seam: Seam::Several(&[
        Seam::Reply(|_, reply| {
            variant_frames::split(reply, 40);
            false
        }),
        Seam::Manner(&Manner { pace: Duration::from_millis(4), ..Manner::PLAIN }),
    ]),
};

pub(super) static GOAWAY: Variant = Variant {
    name: "goaway",
    spared_by: &["HTTP-KEEPALIVE-AFTER-ERROR", "SEED-THREE-ENCODINGS"],
    wires: ALL,
    summary: "connections are ended after some answers, between calls: with GOAWAY over HTTP/2, without a word over HTTP/1.1",
    seam: Seam::Manner(&Manner { answers: 7, ..Manner::PLAIN }),
};

pub(super) static SLEEPS_BEFORE_REFUSING: Variant = Variant {
    name: "sleeps-before-refusing",
    spared_by: &["AUTH-MISSING-TOKEN-UNAUTHENTICATED", "AUTH-INVALID-TOKEN", "AUTH-NO-ROLE"],
    wires: ALL,
    summary: "whoever may not call waits before being told",
    seam: Seam::Manner(&Manner {
        thinks: |failure| match failure.code {
            Code::Unauthenticated | Code::PermissionDenied => Duration::from_millis(150),
            _ => Duration::ZERO,
        },
        ..Manner::PLAIN
    }),
};

pub(super) static RATE_LIMITS: Variant = Variant {
    name: "rate-limits",
    spared_by: &["MAP-NO-SERVER-ERROR", "STATE-ADD-IN-LIST", "AUTH-MISSING-TOKEN-UNAUTHENTICATED"],
    wires: ALL,
    summary: "now and then a call is refused because there were too many",
    seam: Seam::Several(&[
        Seam::Backend(|inner, _, meter| Arc::new(Limited { inner, meter, calls: AtomicU64::new(0) })),
        Seam::Reply(|context, reply| {
            let limited = reply.status == StatusCode::TOO_MANY_REQUESTS || reply.head.get(STATUS).is_some_and(|status| status == "8");
            let in_frame =
                || context.wire.is_web() && tree::web_frames(context, reply).iter().any(|(_, it)| it.starts_with(b"grpc-status: 8\r"));
            if limited || in_frame() {
                reply.head.insert(RETRY_AFTER, HeaderValue::from_static("0"));
            }
            false
        }),
    ]),
};

/// One call in so many is refused.
const EACH: u64 = 61;

struct Limited {
    inner: Arc<dyn Backend>,
    meter: Meter,
    calls: AtomicU64,
}

impl Backend for Limited {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % EACH == EACH - 1 {
            self.meter.acted();
            return Err(Failure::new(Code::ResourceExhausted, "too many calls"));
        }
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        self.inner.execute(context, admitted, message)
    }
}

pub(super) static FRESH_TOKEN_LAG: Variant = Variant {
    name: "fresh-token-lag",
    spared_by: &["AUTH-EXPIRED-OR-REVOKED", "AUTH-POLICY-WRITE", "AUTH-NO-ROLE"],
    wires: ALL,
    summary: "a new token counts only after a while",
    seam: Seam::Backend(|inner, _, meter| Arc::new(Fresh { inner, meter, made: Mutex::default() })),
};

const LAG: Duration = Duration::from_millis(250);

struct Fresh {
    inner: Arc<dyn Backend>,
    meter: Meter,
    made: Mutex<HashMap<String, Instant>>,
}

impl Backend for Fresh {
    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        if let Ok(token) = auth::bearer(&caller.authorization) {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.retain(|_, made| made.elapsed() < LAG);
            if made.contains_key(token) {
                return Err(Refusal::TokenInvalid.tell(context.language));
            }
        }
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, message: DynamicMessage) -> Outcome {
        let outcome = self.inner.execute(context, admitted, message);
        if context.calls("AddPersonalAccessToken")
            && let Ok(answer) = &outcome
            && let Some(token) = answer.get_field_by_name("token").and_then(|token| token.as_str().map(str::to_owned))
        {
            self.meter.acted();
            self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(token, Instant::now());
        }
        outcome
    }
}
