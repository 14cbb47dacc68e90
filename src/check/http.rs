//! Checks of HTTP semantics on JSON answers (RFC 9110, RFC 9112, RFC 9113).

use super::registry::{Check, Finding, Judges, Need, Outcome, View};
use crate::contract::status::Code;
use crate::wire::{End, Framing, Head};

pub(super) const CHECKS: &[Check] = &[
    Check {
        requirement: "HTTP-CONTENT-TYPE-JSON",
        kinds: &["no-content-type", "several-content-types", "other-media-type", "other-charset"],
        judges: Judges::WellFormed,
        need: Need { count: 3, codes: &[Code::Ok] },
        run: content_type,
    },
    Check {
        requirement: "HTTP-DATE-HEADER",
        kinds: &["no-date", "several-dates", "not-a-date"],
        judges: Judges::WellFormed,
        need: Need { count: 2, codes: &[Code::Ok] },
        run: date,
    },
    Check {
        requirement: "HTTP-RESPONSE-FRAMING",
        kinds: &["length-and-chunked", "several-lengths", "length-differs", "no-last-chunk", "connection-field"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: framing,
    },
    Check {
        requirement: "HTTP-NO-STORE",
        kinds: &["storable"],
        judges: Judges::WellFormed,
        need: Need { count: 1, codes: &[Code::Ok] },
        run: no_store,
    },
    Check {
        requirement: "HTTP-405-ALLOW",
        kinds: &["no-allow", "refused-method-allowed", "bound-method-missing"],
        judges: Judges::Every,
        need: Need { count: 1, codes: &[] },
        run: allow,
    },
];

fn content_type(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    if view.exchange.received.content.length == 0 {
        return Outcome::NotApplicable;
    }
    let finding = |kind, actual: String| {
        Outcome::violated(kind, "exactly one content-type, of the media type application/json, with no charset but utf-8", actual, "head")
    };
    let values: Vec<_> = head.all("content-type").map(String::from_utf8_lossy).collect();
    let value = match values.as_slice() {
        [] => return finding("no-content-type", "no content-type".to_owned()),
        [value] => value.as_ref(),
        several => return finding("several-content-types", several.join(" | ")),
    };
    let mut pieces = value.split(';');
    let media_type = pieces.next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return finding("other-media-type", value.to_owned());
    }
    for parameter in pieces {
        if let Some((name, charset)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
            && !charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        {
            return finding("other-charset", value.to_owned());
        }
    }
    Outcome::Held
}

fn date(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    if !matches!(head.status, Some(200..=499)) {
        return Outcome::NotApplicable;
    }
    let finding =
        |kind, actual: String| Outcome::violated(kind, "exactly one date field in IMF-fixdate form (RFC 9110, 5.6.7)", actual, "head");
    let values: Vec<_> = head.all("date").map(String::from_utf8_lossy).collect();
    match values.as_slice() {
        [] => finding("no-date", "no date field".to_owned()),
        [value] if is_imf_fixdate(value) => Outcome::Held,
        [value] => finding("not-a-date", value.to_string()),
        several => finding("several-dates", several.join(" | ")),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, with the right day name.
fn is_imf_fixdate(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let Some((day_name, rest)) = text.split_once(", ") else { return false };
    let pieces: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = pieces.as_slice() else { return false };
    let digits = |text: &str, length: usize| -> Option<u32> {
        (text.len() == length && text.bytes().all(|octet| octet.is_ascii_digit())).then(|| text.parse().ok()).flatten()
    };
    let clock: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else { return false };
    let month = MONTHS.iter().position(|name| name == month).and_then(|index| i8::try_from(index + 1).ok());
    let (Some(day), Some(month), Some(year)) = (digits(day, 2), month, digits(year, 4)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (digits(hour, 2), digits(minute, 2), digits(second, 2)) else { return false };
    // Second 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let (Ok(year), Ok(day)) = (i16::try_from(year), i8::try_from(day)) else { return false };
    let Ok(date) = jiff::civil::Date::new(year, month, day) else { return false };
    let index = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    DAYS.get(index) == Some(&day_name)
}

fn framing(view: &View<'_>) -> Outcome {
    let received = &view.exchange.received;
    let Some(head) = received.head() else { return Outcome::NotApplicable };
    if view.exchange.sent.verb == "HEAD" {
        return Outcome::NotApplicable;
    }
    let finding = |kind, expected: &str, actual: String| Outcome::violated(kind, expected, actual, "head");
    let lengths: Vec<_> = head.all("content-length").map(String::from_utf8_lossy).collect();
    if lengths.len() > 1 {
        return finding("several-lengths", "at most one content-length", lengths.join(" | "));
    }
    match &received.framing {
        Some(framing) => {
            let coded = head.all("transfer-encoding").next().is_some();
            if coded && !lengths.is_empty() {
                return finding("length-and-chunked", "content-length or transfer-encoding, not both", both(head));
            }
            match (framing, &received.end) {
                (Framing::Length(_), End::Closed { .. }) => finding(
                    "length-differs",
                    "as many octets as content-length says before the connection closes",
                    format!("content-length {}, then the connection ended", lengths.join("")),
                ),
                (Framing::Chunked { last: false }, End::Closed { .. } | End::Complete) => {
                    finding("no-last-chunk", "a last chunk of size 0", "the connection ended without it".to_owned())
                }
                _ => Outcome::Held,
            }
        }
        None => {
            let forbidden = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
            if let Some(name) = forbidden.into_iter().find(|name| head.all(name).next().is_some()) {
                return finding("connection-field", "no connection-specific field on HTTP/2", name.to_owned());
            }
            let Some(frames) = &received.frames else { return Outcome::NotApplicable };
            // Padding makes a DATA frame longer than what it carries; the content itself is counted instead.
            let padded = frames.iter().any(|frame| frame.kind == 0 && frame.flags & 0x8 != 0);
            let sum: u64 = frames.iter().filter(|frame| frame.kind == 0).map(|frame| u64::from(frame.length)).sum();
            match lengths.first().and_then(|length| length.parse::<u64>().ok()) {
                Some(length)
                    if !padded && length != sum && matches!(received.end, End::Complete | End::Reset { .. } | End::Malformed { .. }) =>
                {
                    finding(
                        "length-differs",
                        "content-length equal to the sum of the DATA frames",
                        format!("{length}, but {sum} octets came"),
                    )
                }
                _ => Outcome::Held,
            }
        }
    }
}

fn no_store(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head() else { return Outcome::NotApplicable };
    // What has no binding is no operation of the API: health and reflection are answered by libraries.
    let bound = view.method.is_some_and(|method| !method.bindings.is_empty());
    if view.reading.code() != Some(Code::Ok) || !bound {
        return Outcome::NotApplicable;
    }
    let directives: Vec<_> = head.all("cache-control").map(String::from_utf8_lossy).collect();
    if directives.iter().flat_map(|line| line.split(',')).any(|directive| directive.trim().eq_ignore_ascii_case("no-store")) {
        Outcome::Held
    } else {
        let actual = if directives.is_empty() { "no cache-control".to_owned() } else { directives.join(" | ") };
        Outcome::violated("storable", "cache-control with no-store", actual, "head")
    }
}

fn allow(view: &View<'_>) -> Outcome {
    let Some(head) = view.exchange.received.head().filter(|head| head.status == Some(405)) else { return Outcome::NotApplicable };
    let lines: Vec<_> = head.all("allow").map(String::from_utf8_lossy).collect();
    let methods: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).filter(|method| !method.is_empty()).collect();
    let sent = &view.exchange.sent;
    // Methods that the contract binds to this path; the prefix of the target was put in front of it.
    let bound: Vec<&str> = ["GET", "PUT", "POST", "DELETE", "PATCH"]
        .into_iter()
        .filter(|verb| {
            (0..sent.path.len())
                .any(|at| sent.path.is_char_boundary(at) && view.contract.descriptors.route(verb, &sent.path[at..]).is_some())
        })
        .collect();
    let expected = format!("an Allow field that lists the methods of the resource ({}) and not {}", bound.join(", "), sent.verb);
    if lines.is_empty() {
        return Outcome::violated("no-allow", expected, "no Allow field", "head");
    }
    if methods.contains(&sent.verb.as_str()) {
        return Outcome::violated("refused-method-allowed", expected, format!("Allow: {}", lines.join(", ")), "head");
    }
    if bound.iter().any(|verb| !methods.contains(verb)) {
        return Outcome::violated("bound-method-missing", expected, format!("Allow: {}", lines.join(", ")), "head");
    }
    Outcome::Held
}

fn both(head: &Head) -> String {
    format!(
        "content-length: {}, transfer-encoding: {}",
        head.first("content-length").unwrap_or_default(),
        head.first("transfer-encoding").unwrap_or_default()
    )
}

impl Outcome {
    /// A violation.
    pub(super) fn violated(kind: &'static str, expected: impl Into<String>, actual: impl Into<String>, place: impl Into<String>) -> Self {
        Self::Violated(Finding { kind: kind.to_owned(), expected: expected.into(), actual: actual.into(), place: place.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::is_imf_fixdate;

    #[test]
    fn only_imf_fixdate_is_a_date() {
        assert!(is_imf_fixdate("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(is_imf_fixdate("Mon, 23 Nov 2026 22:51:13 GMT"));
        for wrong in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "",
        ] {
            assert!(!is_imf_fixdate(wrong), "{wrong}");
        }
    }
}
