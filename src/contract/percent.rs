//! The percent-encoding of `grpc-message` (gRPC over HTTP2, Responses).

/// Why a `grpc-message` is not encoded as the specification says; offsets count octets of the raw value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// A percent sign that two hexadecimal digits don't follow.
    #[error("a bare percent sign at octet {offset}")]
    BarePercent {
        /// Where the percent sign stands.
        offset: usize,
    },
    /// An escape with a lower-case hexadecimal digit.
    #[error("lower-case hexadecimal digits at octet {offset}")]
    LowerCaseHex {
        /// Where the percent sign stands.
        offset: usize,
    },
    /// An octet outside of space to `~`.
    #[error("octet {octet:#04x} stands unencoded at octet {offset}")]
    RawOctet {
        /// Where it stands.
        offset: usize,
        /// The octet.
        octet: u8,
    },
    /// The decoded octets are no UTF-8.
    #[error("the decoded text is not valid UTF-8 from octet {offset} on")]
    InvalidUtf8 {
        /// The first octet of the *decoded* text that is wrong.
        offset: usize,
    },
}

impl PercentError {
    /// A stable word for this kind of mistake.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BarePercent { .. } => "bare-percent",
            Self::LowerCaseHex { .. } => "lower-case-hex",
            Self::RawOctet { .. } => "raw-octet",
            Self::InvalidUtf8 { .. } => "invalid-utf8",
        }
    }
}

/// Decodes a `grpc-message` strictly: `%x20-24`, `%x26-7E`, or `%` with two upper-case hexadecimal digits.
///
/// # Errors
/// The first deviation, in the order of the raw octets; UTF-8 is looked at last.
pub fn percent_decode(raw: &[u8]) -> Result<String, PercentError> {
    let mut octets = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&octet) = raw.get(at) {
        match octet {
            b'%' => {
                let Some((value, lower)) = escape(raw, at) else {
                    return Err(PercentError::BarePercent { offset: at });
                };
                if lower {
                    return Err(PercentError::LowerCaseHex { offset: at });
                }
                octets.push(value);
                at += 3;
            }
            b' '..=b'~' => {
                octets.push(octet);
                at += 1;
            }
            _ => return Err(PercentError::RawOctet { offset: at, octet }),
        }
    }
    String::from_utf8(octets).map_err(|error| PercentError::InvalidUtf8 { offset: error.utf8_error().valid_up_to() })
}

/// Decodes whatever can be decoded, as a client that must show something does: a broken escape stands for itself, and
/// what is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn percent_decode_lenient(raw: &[u8]) -> String {
    let mut octets = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&octet) = raw.get(at) {
        if octet == b'%'
            && let Some((value, _)) = escape(raw, at)
        {
            octets.push(value);
            at += 3;
        } else {
            octets.push(octet);
            at += 1;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The octet that an escape stands for, and whether a digit is lower-case.
fn escape(raw: &[u8], at: usize) -> Option<(u8, bool)> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let (&high, &low) = (raw.get(at + 1)?, raw.get(at + 2)?);
    let value = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((value, high.is_ascii_lowercase() || low.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(percent_decode(b"caf%C3%A9 ok").unwrap(), "café ok");
        let kind = |raw: &[u8]| percent_decode(raw).unwrap_err().kind();
        assert_eq!(kind(b"100%"), "bare-percent");
        assert_eq!(kind(b"%G0"), "bare-percent");
        assert_eq!(kind(b"%c3%a9"), "lower-case-hex");
        assert_eq!(kind("é".as_bytes()), "raw-octet");
        assert_eq!(kind(b"a\tb"), "raw-octet");
        assert_eq!(kind(b"%FF"), "invalid-utf8");
    }

    #[test]
    fn lenient_always_gives_a_text() {
        assert_eq!(percent_decode_lenient(b"100% %c3%a9 %ff"), "100% é \u{fffd}");
    }
}
