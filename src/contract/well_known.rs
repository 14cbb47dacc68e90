//! Texts of the well-known types: RFC 3339 instants and ProtoJSON durations.

use prost_reflect::MessageDescriptor;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the range of `google.protobuf.Timestamp`.
const EARLIEST: i64 = -62_135_596_800;
const LATEST: i64 = 253_402_300_799;
/// Ten thousand years, the range of `google.protobuf.Duration` to both sides.
const LONGEST: i64 = 315_576_000_000;
const SECOND: i32 = 1_000_000_000;

/// Whether ProtoJSON writes this type in a form of its own, so that in an `Any` it stands under `value`.
pub(super) fn has_own_json(descriptor: &MessageDescriptor) -> bool {
    let Some(name) = descriptor.full_name().strip_prefix("google.protobuf.") else {
        return false;
    };
    is_wrapper(descriptor) || matches!(name, "Any" | "Timestamp" | "Duration" | "Struct" | "Value" | "ListValue" | "FieldMask")
}

/// Whether this is one of the messages that stand for a scalar with presence.
pub(super) fn is_wrapper(descriptor: &MessageDescriptor) -> bool {
    descriptor
        .full_name()
        .strip_prefix("google.protobuf.")
        .and_then(|name| name.strip_suffix("Value"))
        .is_some_and(|kind| matches!(kind, "Double" | "Float" | "Int64" | "UInt64" | "Int32" | "UInt32" | "Bool" | "String" | "Bytes"))
}

/// An instant as read, and what of its form differs from what a writer must produce.
#[derive(Debug, PartialEq)]
pub(super) struct Instant {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
    /// `Z` in capitals.
    pub(super) is_zulu: bool,
    /// 0, 3, 6 or 9 digits.
    pub(super) has_round_fraction: bool,
}

/// Reads an RFC 3339 section 5.6 date-time within the range of `Timestamp`. Second 60 is none: no leap second can be
/// represented.
pub(super) fn parse_timestamp(text: &str) -> Option<Instant> {
    let octets = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = octets.get(range)?;
        part.iter().try_fold(0, |value, octet| octet.is_ascii_digit().then(|| value * 10 + i64::from(octet - b'0')))
    };
    let is = |at: usize, wanted: &[u8]| octets.get(at).is_some_and(|octet| wanted.contains(octet));
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let separators = is(4, b"-") && is(7, b"-") && is(10, b"Tt") && is(13, b":") && is(16, b":");
    let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !separators || !in_range {
        return None;
    }
    let mut at = 19;
    let (mut nanos, mut has_round_fraction) = (0, true);
    if is(at, b".") {
        let count = octets[at + 1..].iter().take_while(|octet| octet.is_ascii_digit()).count();
        (nanos, has_round_fraction) = fraction(&text[at + 1..at + 1 + count])?;
        at += 1 + count;
    }
    let zone = &octets[at..];
    let offset = match zone {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(at + 1..at + 3)?, digits(at + 4..at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    (EARLIEST..=LATEST).contains(&seconds).then_some(Instant {
        seconds,
        nanos,
        is_zulu: zone == b"Z" && octets[10] == b'T',
        has_round_fraction,
    })
}

/// One to nine digits behind the point, as nanoseconds; and whether there are 3, 6 or 9 of them.
fn fraction(digits: &str) -> Option<(i32, bool)> {
    if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{digits:0<9}").parse().ok()?;
    Some((nanos, digits.len().is_multiple_of(3)))
}

fn round_fraction(nanos: i32) -> String {
    match nanos {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        nanos => format!(".{nanos:09}"),
    }
}

/// Writes an instant with `Z` and 0, 3, 6 or 9 digits; `None` outside of the range.
pub(super) fn format_timestamp(seconds: i64, nanos: i32) -> Option<String> {
    if !(EARLIEST..=LATEST).contains(&seconds) || !(0..SECOND).contains(&nanos) {
        return None;
    }
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let fraction = round_fraction(nanos);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Reads decimal seconds with the suffix `s`; the flag says whether the fraction has 0, 3, 6 or 9 digits.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32, bool)> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (whole, part) = match number.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (number, None),
    };
    if whole.is_empty() || !whole.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let (nanos, is_round) = part.map_or(Some((0, true)), fraction)?;
    if seconds > LONGEST || (seconds == LONGEST && nanos > 0) {
        return None;
    }
    Some(if negative { (-seconds, -nanos, is_round) } else { (seconds, nanos, is_round) })
}

/// Writes a duration with 0, 3, 6 or 9 digits; `None` outside of the range or where the signs differ.
pub(super) fn format_duration(seconds: i64, nanos: i32) -> Option<String> {
    let signs_differ = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    if !(-LONGEST..=LONGEST).contains(&seconds) || nanos.abs() >= SECOND || signs_differ {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (seconds, fraction) = (seconds.unsigned_abs(), round_fraction(nanos.abs()));
    Some(format!("{sign}{seconds}{fraction}s"))
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_normalised() {
        let normal = |text: &str| parse_timestamp(text).and_then(|found| format_timestamp(found.seconds, found.nanos));
        for (written, wanted) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2024-02-29T23:59:59.120Z", "2024-02-29T23:59:59.120Z"),
            ("2023-11-14T22:13:20.5z", "2023-11-14T22:13:20.500Z"),
            ("2023-11-15T00:13:20.1000001+02:00", "2023-11-14T22:13:20.100000100Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(normal(written).as_deref(), Some(wanted));
        }
        for wrong in [
            "2023-05-02",
            "2023-02-29T00:00:00Z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:60Z",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T22:13:20+0200",
            "2023-11-14T22:13:20.1234567890Z",
            "0001-01-01T00:00:00+01:00",
            "é023-11-14T22:13:20Z",
            "",
        ] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_normalised() {
        let normal = |text: &str| parse_duration(text).and_then(|(seconds, nanos, _)| format_duration(seconds, nanos));
        for (written, wanted) in
            [("864000s", "864000s"), ("3600.5s", "3600.500s"), ("1.00001s", "1.000010s"), ("-0.5s", "-0.500s"), ("007s", "7s")]
        {
            assert_eq!(normal(written).as_deref(), Some(wanted));
        }
        for wrong in ["", "s", "1", "1.s", ".5s", "1e3s", "+1s", "1.0000000001s", "315576000001s", "240h0m0s", "--1s"] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }
}
