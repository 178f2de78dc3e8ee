//! Numbers as kustomize's YAML reader reads them.

use super::kind::Kind;

/// The value of a numeric scalar.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer that fits into 64 bits, signed or not.
    Int(i128),
    /// Anything else, as a double.
    Float(f64),
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::Int(int), Self::Float(float)) | (Self::Float(float), Self::Int(int)) => {
                whole(float) == Some(int)
            }
        }
    }
}

/// The exact integer of a double, if it has one of at most 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
fn whole(float: f64) -> Option<i128> {
    (float.fract() == 0.0 && float.abs() < 1.9e19).then_some(float as i128)
}

impl Number {
    /// The number that a plain scalar means.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let special = match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
            _ => None,
        };
        if let Some(float) = special {
            return Some(Self::Float(float));
        }
        let clean;
        let text = if text.contains('_') {
            clean = text.replace('_', "");
            clean.as_str()
        } else {
            text
        };
        parse_int(text).map(Self::Int).or_else(|| {
            is_float(text)
                .then(|| text.parse().ok())
                .flatten()
                .map(Self::Float)
        })
    }

    /// The JSON number of the same value; `None` for infinities and NaN.
    #[must_use]
    pub fn to_json(self) -> Option<serde_json::Value> {
        match self {
            Self::Int(int) => i64::try_from(int)
                .map(serde_json::Value::from)
                .or_else(|_| u64::try_from(int).map(serde_json::Value::from))
                .ok(),
            Self::Float(float) => match whole(float).map(Self::Int).map(Self::to_json) {
                Some(Some(value)) => Some(value),
                _ => serde_json::Number::from_f64(float).map(serde_json::Value::Number),
            },
        }
    }
}

/// An integer of at most 64 bits, with the prefixes that Go's base 0 knows.
fn parse_int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    (value >= i128::from(i64::MIN)).then_some(value)
}

/// Whether a text has the form of a decimal number.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits =
        digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !power.is_empty() && digits(power)
    });
    mantissa_fits && exponent_fits
}

/// The type of a plain scalar.
#[must_use]
pub fn resolve_plain(text: &str) -> Kind {
    match text.as_bytes().first() {
        None => Kind::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => match Number::parse(text) {
            Some(Number::Int(_)) => Kind::Int,
            Some(Number::Float(_)) => Kind::Float,
            None => Kind::Str,
        },
        Some(b't' | b'T' | b'f' | b'F') => match text {
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Kind::Bool,
            _ => Kind::Str,
        },
        Some(b'n' | b'N' | b'~') => match text {
            "null" | "Null" | "NULL" | "~" => Kind::Null,
            _ => Kind::Str,
        },
        Some(_) => Kind::Str,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_resolve_as_in_go() {
        for (text, kind) in [
            ("", Kind::Null),
            ("~", Kind::Null),
            ("null", Kind::Null),
            ("nil", Kind::Str),
            ("true", Kind::Bool),
            ("yes", Kind::Str),
            ("on", Kind::Str),
            ("0644", Kind::Int),
            ("0o17", Kind::Int),
            ("0x1F", Kind::Int),
            ("08", Kind::Float),
            ("1_000", Kind::Int),
            ("18446744073709551615", Kind::Int),
            ("18446744073709551616", Kind::Float),
            ("1.0", Kind::Float),
            (".5", Kind::Float),
            (".", Kind::Str),
            ("-", Kind::Str),
            ("1e3", Kind::Float),
            ("1e", Kind::Str),
            ("100m", Kind::Str),
            ("1.2.3", Kind::Str),
            ("2024-01-01", Kind::Str),
            (".inf", Kind::Float),
            ("0x", Kind::Str),
            ("--1", Kind::Str),
        ] {
            assert_eq!(resolve_plain(text), kind, "{text:?}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("0644"), number("420"));
        assert_eq!(number("1_000"), number("1000"));
        assert_eq!(number("1.0"), number("1"));
        assert_eq!(number("1e3"), number("1000"));
        assert_ne!(number("1.5"), number("1"));
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
        assert_eq!(number("1.0").to_json().unwrap().to_string(), "1");
        assert_eq!(number("0.10").to_json().unwrap().to_string(), "0.1");
        assert_eq!(
            number("-9223372036854775808")
                .to_json()
                .unwrap()
                .to_string(),
            "-9223372036854775808"
        );
    }
}
