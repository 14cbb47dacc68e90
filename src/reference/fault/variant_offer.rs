//! Legal variants of what is offered: fewer wires and versions, a content coding, an older release of the API.

use std::io::Write as _;
use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use http::{StatusCode, Version};
use prost_reflect::{DynamicMessage, Value};

use super::{ALL, Heard, JSON, Meter, Seam, Variant, WEB, tree};
use crate::reference::backend::{Admitted, Backend, Outcome};
use crate::reference::context::{Caller, Context, Wire};
use crate::reference::failure::{Code, Failure};
use crate::reference::frames::Recognized;
use crate::reference::methods::Method;

pub(super) static NO_TEXT_MODE: Variant = Variant {
    name: "no-text-mode",
    spared_by: &["SEED-THREE-ENCODINGS", "WEB-TEXT-BASE64-BODY"],
    wires: WEB,
    summary: "gRPC-Web is spoken in its binary form only",
    seam: Seam::Recognized(|_, recognized| {
        let text = matches!(recognized, Recognized::Call(Wire::GrpcWebText, _) | Recognized::OtherFormat(Wire::GrpcWebText, _));
        if text {
            *recognized = Recognized::Other;
        }
        text
    }),
};

pub(super) static HTTP1_ONLY: Variant =
    Variant {
        name: "http1-only",
        spared_by: &["SEED-THREE-ENCODINGS", "HTTP-PROTOCOL-VERSION-EQUAL"],
        wires: &["json", "grpc-web", "grpc-web-text"],
        summary: "JSON and gRPC-Web are spoken over HTTP/1.1 only; over HTTP/2 there is nothing but gRPC",
        seam: Seam::Head(|head| {
            if head.version == Version::HTTP_2 { Heard::Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE) } else { Heard::Untouched }
        }),
    };

pub(super) static GZIP: Variant = Variant {
    name: "gzip",
    spared_by: &["HTTP-CONTENT-TYPE-JSON", "HTTP-RESPONSE-FRAMING", "JSON-OUTPUT-ONE-TEXT"],
    wires: JSON,
    summary: "JSON is compressed unless the request speaks against it",
    seam: Seam::Leaving(|head, reply| {
        let json = reply.head.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if !json || reply.body.is_empty() || !takes_gzip(&head.headers) {
            return false;
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let written = reply.body.iter().try_for_each(|piece| packed.write_all(piece)).and_then(|()| packed.finish());
        let Ok(written) = written else { return false };
        reply.body = vec![written.into()];
        reply.head.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        reply.head.append(VARY, HeaderValue::from_static("accept-encoding"));
        true
    }),
};

/// Without the field each coding is acceptable; `*` stands for those that aren't named (RFC 9110, 12.5.3).
fn takes_gzip(fields: &HeaderMap) -> bool {
    let mut given = fields.get_all(ACCEPT_ENCODING).iter().peekable();
    if given.peek().is_none() {
        return true;
    }
    let text: Vec<String> = given.filter_map(|field| field.to_str().ok()).map(str::to_ascii_lowercase).collect();
    let weight = |wanted: &str| {
        text.iter().flat_map(|field| field.split(',')).find_map(|element| {
            let mut parts = element.split(';').map(str::trim);
            (parts.next() == Some(wanted)).then(|| {
                let weight = parts.find_map(|part| part.strip_prefix("q="));
                weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0_f32))
            })
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

pub(super) static OLDER_RELEASE: Variant = Variant {
    name: "older-release",
    spared_by: &[
        "SEED-ENUM-LATER-VALUES",
        "SEED-ENUM-PROFILE-CONSISTENT",
        "STATE-NO-CUSTOM-POLICY",
        "ORG-REMOVED-DENIED",
        "DISC-HEALTH-SERVICE",
    ],
    wires: ALL,
    summary: "the release of the documentation page: factors 1 and 2, no removal of organizations, no health service",
    seam: Seam::Backend(|inner, _, meter| Arc::new(Older { inner, meter })),
};

struct Older {
    inner: Arc<dyn Backend>,
    meter: Meter,
}

impl Backend for Older {
    fn offers(&self, method: &Method) -> Result<(), Failure> {
        if method.path.ends_with("/RemoveOrg") || method.service == "grpc.health.v1.Health" {
            self.meter.acted();
            return Err(Failure::new(Code::Unimplemented, "unknown method"));
        }
        self.inner.offers(method)
    }

    fn admit(&self, context: &Context, caller: &Caller) -> Result<Admitted, Failure> {
        self.inner.admit(context, caller)
    }

    fn execute(&self, context: &Context, admitted: &Admitted, mut message: DynamicMessage) -> Outcome {
        // Fields that came later are unknown.
        message.clear_field_by_name("force_mfa_local_only");
        if context.calls("AddMachineUser") {
            message.clear_field_by_name("user_id");
        }
        if context.calls("AddSecondFactorToLoginPolicy") || context.calls("RemoveSecondFactorFromLoginPolicy") {
            let factor = message.get_field_by_name("type").and_then(|factor| factor.as_enum_number());
            if factor.is_some_and(is_later) {
                self.meter.acted();
                return Err(Failure::new(Code::InvalidArgument, "invalid type: value must be one of the defined enum values"));
            }
        }
        if context.calls("AddCustomLoginPolicy")
            && let Some(factors) = message.get_field_by_name_mut("second_factors").and_then(Value::as_list_mut)
        {
            for factor in factors.iter_mut().filter(|factor| factor.as_enum_number().is_some_and(is_later)) {
                // Refused by the rules of the domain, as any other number that isn't declared.
                self.meter.acted();
                *factor = Value::EnumNumber(99);
            }
        }
        let mut outcome = self.inner.execute(context, admitted, message);
        if let Ok(message) = &mut outcome {
            tree::messages(message, &mut |message| {
                message.clear_field_by_name("force_mfa_local_only");
            });
        }
        outcome
    }
}

fn is_later(factor: i32) -> bool {
    (3..=5).contains(&factor)
}
