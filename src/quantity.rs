//! Kubernetes quantities, exactly: `1000m` is `1`, `1Gi` is `1024Mi`, and with floats a gate would
//! be wrong at the limits.
//!
//! The grammar is that of `k8s.io/apimachinery`, package `pkg/api/resource`, as its `ParseQuantity`
//! reads it, including its oddities: `tests/data/quantities.tsv` has its own answers for some 1,900
//! spellings. Beyond 2^127 − 1 nano-units (about 1.7 × 10^29 units), Kubernetes continues in
//! arbitrary precision. Such amounts are still distinguished exactly ([`same_amount`]), and all
//! count as [`Quantity::MAX`] in a comparison of sizes.

use std::cmp::Ordering;

use thiserror::Error;

const NANOS: u128 = 1_000_000_000;

/// The cap of the binary suffixes: 2^63 − 1 units, in nano-units.
const CAP: u128 = i64::MAX as u128 * NANOS;

/// An exact amount in nano-units, the finest step that Kubernetes keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quantity(i128);

/// The reason why a text is not a quantity, in words that follow the text itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum QuantityError {
    /// The text is empty, or has a suffix without a number.
    #[error("the quantity has no number")]
    NoNumber,
    /// The number is valid and its suffix is not.
    #[error(
        "unknown suffix; use n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent such as e3"
    )]
    Suffix,
    /// The magnitude is beyond the supported range.
    #[error("the quantity is too large to compare")]
    TooLarge,
}

/// The factor of a suffix: the exponent of a power of ten or of two.
enum Scale {
    Ten(i32),
    Two(u32),
}

impl Quantity {
    /// No amount, written `0`.
    pub const ZERO: Self = Self(0);
    /// One unit, written `1`.
    pub const ONE: Self = Self(NANOS.cast_signed());
    /// The largest amount; larger ones are distinguished by [`same_amount`].
    pub const MAX: Self = Self(i128::MAX);

    /// Parses a quantity as Kubernetes does, so that two spellings of one amount are equal.
    ///
    /// Anything finer than a nano-unit is rounded away from zero, and binary suffixes are capped at
    /// 2^63 − 1 units. The time is linear in the text and nothing is allocated.
    ///
    /// # Errors
    ///
    /// Fails if the text is outside the grammar, or its magnitude is beyond 2^127 − 1 nano-units.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.as_bytes() {
            [] => return Err(QuantityError::NoNumber),
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let (whole, rest) = digits(unsigned);
        let (fraction, suffix) = match rest {
            [b'.', rest @ ..] => digits(rest),
            rest => (&[][..], rest),
        };
        let scale = scale(suffix)?;
        if whole.is_empty() && fraction.is_empty() && needs_digits(&scale) {
            return Err(QuantityError::NoNumber);
        }
        let nanos = match scale {
            Scale::Ten(exponent) => decimal(whole, fraction, exponent)?,
            Scale::Two(exponent) => binary(whole, fraction, exponent),
        };
        let nanos = i128::try_from(nanos).map_err(|_| QuantityError::TooLarge)?;
        Ok(Self(if negative { -nanos } else { nanos }))
    }

    /// Parses a quantity, and turns one beyond the range into the largest or the smallest amount.
    ///
    /// # Errors
    ///
    /// Fails if the text is outside the grammar.
    pub fn parse_saturating(text: &str) -> Result<Self, QuantityError> {
        match Self::parse(text) {
            Err(QuantityError::TooLarge) if text.starts_with('-') => Ok(Self(-i128::MAX)),
            Err(QuantityError::TooLarge) => Ok(Self::MAX),
            result => result,
        }
    }

    /// The amount in nano-units, for calculations.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        self.0
    }
}

/// Whether two texts are the same amount, of any magnitude; a text outside the grammar equals no
/// other.
#[must_use]
pub fn same_amount(a: &str, b: &str) -> bool {
    match (Quantity::parse(a), Quantity::parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Err(QuantityError::TooLarge), Err(QuantityError::TooLarge)) => {
            significant(a) == significant(b)
        }
        _ => false,
    }
}

/// The sign, the digits without zeros around them and the power of ten after the last digit; only
/// decimals get this large.
fn significant(text: &str) -> Option<(bool, Vec<u8>, i64)> {
    let (whole, rest) = digits(text.trim_start_matches(['-', '+']).as_bytes());
    let (fraction, suffix) = match rest {
        [b'.', rest @ ..] => digits(rest),
        rest => (&[][..], rest),
    };
    let Ok(Scale::Ten(exponent)) = scale(suffix) else {
        return None;
    };
    let all = [whole, fraction].concat();
    let end = all.iter().rposition(|digit| *digit != b'0')? + 1;
    let start = all.iter().position(|digit| *digit != b'0')?;
    let power = i64::from(exponent) + i64::try_from(whole.len()).ok()? - i64::try_from(end).ok()?;
    Some((text.starts_with('-'), all[start..end].to_vec(), power))
}

/// Splits off the leading decimal digits.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(
        text.iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

/// Kubernetes fails on a number without digits in its slow path; in the fast one it reads zero
/// (`Gi`, but not `Pi`).
fn needs_digits(scale: &Scale) -> bool {
    match *scale {
        Scale::Ten(exponent) => exponent < -9,
        Scale::Two(exponent) => exponent >= 50,
    }
}

fn scale(suffix: &[u8]) -> Result<Scale, QuantityError> {
    Ok(match suffix {
        b"" => Scale::Ten(0),
        b"n" => Scale::Ten(-9),
        b"u" => Scale::Ten(-6),
        b"m" => Scale::Ten(-3),
        b"k" => Scale::Ten(3),
        b"M" => Scale::Ten(6),
        b"G" => Scale::Ten(9),
        b"T" => Scale::Ten(12),
        b"P" => Scale::Ten(15),
        b"E" => Scale::Ten(18),
        b"Ki" => Scale::Two(10),
        b"Mi" => Scale::Two(20),
        b"Gi" => Scale::Two(30),
        b"Ti" => Scale::Two(40),
        b"Pi" => Scale::Two(50),
        b"Ei" => Scale::Two(60),
        [b'e' | b'E', exponent @ ..] => {
            Scale::Ten(parse_exponent(exponent).ok_or(QuantityError::Suffix)?)
        }
        _ => return Err(QuantityError::Suffix),
    })
}

/// Reads a signed exponent of 64 bits and keeps its low 32, as Kubernetes does: it reads
/// `1e4294967297` as 10.
fn parse_exponent(text: &[u8]) -> Option<i32> {
    let wide: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the truncation is the behaviour of the original"
    )]
    Some(wide as i32)
}

/// `whole.fraction × 10^exponent` in nano-units: digits below the last nano only decide whether to round up.
fn decimal(whole: &[u8], fraction: &[u8], exponent: i32) -> Result<u128, QuantityError> {
    // The power of ten, in nano-units, of the digit about to be read.
    let mut power = i64::try_from(whole.len()).unwrap_or(i64::MAX / 2) + i64::from(exponent) + 9;
    let mut nanos: u128 = 0;
    let mut rest_is_zero = true;
    for digit in whole
        .iter()
        .chain(fraction)
        .map(|byte| u128::from(byte - b'0'))
    {
        power -= 1;
        if power >= 0 {
            nanos = nanos
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(digit))
                .ok_or(QuantityError::TooLarge)?;
        } else if digit != 0 {
            rest_is_zero = false;
            break;
        }
    }
    if nanos != 0 && power > 0 {
        let factor = u32::try_from(power)
            .ok()
            .and_then(|power| 10_u128.checked_pow(power))
            .ok_or(QuantityError::TooLarge)?;
        nanos = nanos.checked_mul(factor).ok_or(QuantityError::TooLarge)?;
    }
    Ok(if rest_is_zero { nanos } else { nanos + 1 })
}

/// `whole.fraction × 2^exponent` in nano-units, rounded up and capped.
fn binary(whole: &[u8], fraction: &[u8], exponent: u32) -> u128 {
    let unit = NANOS << exponent;
    let mut nanos: u128 = 0;
    for byte in whole {
        nanos = nanos * 10 + u128::from(byte - b'0');
        if nanos > CAP {
            return CAP;
        }
    }
    // Horner from the last digit; a ceiling of ceilings of tenths is the ceiling of the whole.
    let part = fraction.iter().rev().fold(0, |below, byte| {
        (u128::from(byte - b'0') * unit + below).div_ceil(10)
    });
    nanos.saturating_mul(unit).saturating_add(part).min(CAP)
}

/// Whether the larger of two amounts is more than `max` times the smaller, as in "differs by more
/// than 4×".
///
/// The ratio of zero to any other amount is infinite, and so is that of a negative amount to a
/// positive one; two zeros do not differ. Two negative amounts are compared by magnitude. A
/// negative `max` counts as zero.
#[must_use]
pub fn ratio_exceeds(a: Quantity, b: Quantity, max: Quantity) -> bool {
    let Some((larger, smaller)) = magnitudes(a, b) else {
        return a.0 != b.0;
    };
    Wide::product(larger, NANOS) > Wide::product(smaller, max.0.max(0).cast_unsigned())
}

/// Whether the limit-to-request ratios of two sides differ by more than `max` times in either
/// direction.
///
/// Each side is (limit, request). The result is exact: the ratios are compared by
/// cross-multiplication, never divided. A side whose request alone is zero has an infinite ratio, a
/// side whose limit alone is zero the ratio zero, and both exceed any other. If a cross product is
/// zero on both sides, the ratios are not comparable and the answer is no.
#[must_use]
pub fn ratio_of_ratios_exceeds(
    one: (Quantity, Quantity),
    other: (Quantity, Quantity),
    max: Quantity,
) -> bool {
    let ((limit, request), (other_limit, other_request)) = (one, other);
    let negative = (limit.0 < 0) ^ (request.0 < 0) ^ (other_limit.0 < 0) ^ (other_request.0 < 0);
    let a = Wide::product(limit.0.unsigned_abs(), other_request.0.unsigned_abs());
    let b = Wide::product(request.0.unsigned_abs(), other_limit.0.unsigned_abs());
    let (larger, smaller) = if a >= b { (a, b) } else { (b, a) };
    if larger == Wide::ZERO {
        return false;
    }
    smaller == Wide::ZERO
        || negative
        || larger.times(NANOS) > smaller.times(max.0.max(0).cast_unsigned())
}

/// Whether the limit-to-request ratio of one side is smaller than the other side's; never where an amount is not above zero.
///
/// Each side is (limit, request). Exact, as the products are compared.
#[must_use]
pub fn ratio_is_smaller(one: (Quantity, Quantity), other: (Quantity, Quantity)) -> bool {
    let ((limit, request), (other_limit, other_request)) = (one, other);
    let all = [limit, request, other_limit, other_request];
    let product = |a: Quantity, b: Quantity| Wide::product(a.0.unsigned_abs(), b.0.unsigned_abs());
    all.iter().all(|one| one.0 > 0) && product(limit, other_request) < product(other_limit, request)
}

/// The number of times that the smaller amount fits into the larger (`4×`, `2.5×`), for messages.
///
/// It has at most two decimals, none from 100 on, and is always rounded up: a ratio just above a
/// limit of 4 must not read `4×`. `None` if one amount is zero or their signs differ.
#[must_use]
pub fn ratio(a: Quantity, b: Quantity) -> Option<String> {
    let (larger, smaller) = magnitudes(a, b)?;
    let (whole, rest) = (larger / smaller, larger % smaller);
    if whole >= 100 {
        return Some(format!("{}×", whole + u128::from(rest != 0)));
    }
    let rest = Wide::product(rest, 100);
    let up = (0..100)
        .find(|&up| Wide::product(smaller, up) >= rest)
        .unwrap_or(100);
    let hundredths = whole * 100 + up;
    let (whole, decimals) = (hundredths / 100, hundredths % 100);
    Some(match (decimals / 10, decimals % 10) {
        (0, 0) => format!("{whole}×"),
        (tenths, 0) => format!("{whole}.{tenths}×"),
        (tenths, rest) => format!("{whole}.{tenths}{rest}×"),
    })
}

/// The quotient of two amounts (`2×`, `0.5×`), for messages; `None` as for [`ratio`].
///
/// It is rounded as [`ratio`] is, but down if it is below one, so that it is never closer to one
/// than the true value.
#[must_use]
pub fn quotient(a: Quantity, b: Quantity) -> Option<String> {
    let (larger, smaller) = magnitudes(a, b)?;
    if a.0.unsigned_abs() >= b.0.unsigned_abs() {
        return ratio(a, b);
    }
    let hundred = Wide::product(smaller, 100);
    let down = (1..100)
        .rev()
        .find(|&down| Wide::product(larger, down) <= hundred);
    Some(match down {
        None => "less than 0.01×".to_owned(),
        Some(down) if down % 10 == 0 => format!("0.{}×", down / 10),
        Some(down) => format!("0.{down:02}×"),
    })
}

/// The larger and the smaller magnitude of two amounts with the same sign; `None` if one is zero or
/// the signs differ.
fn magnitudes(a: Quantity, b: Quantity) -> Option<(u128, u128)> {
    if a.0 == 0 || b.0 == 0 || (a.0 < 0) != (b.0 < 0) {
        return None;
    }
    let (a, b) = (a.0.unsigned_abs(), b.0.unsigned_abs());
    Some((a.max(b), a.min(b)))
}

/// An unsigned number of 384 bits, lowest limb first, because a product of three quantities needs
/// as many.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wide([u128; 3]);

impl Wide {
    const ZERO: Self = Self([0; 3]);

    fn product(a: u128, b: u128) -> Self {
        let (low, high) = multiply(a, b);
        Self([low, high, 0])
    }

    /// Multiplies a number of at most 256 bits, so that the product fits.
    fn times(self, factor: u128) -> Self {
        let (low, carry) = multiply(self.0[0], factor);
        let (middle, high) = multiply(self.0[1], factor);
        let (middle, overflow) = middle.overflowing_add(carry);
        Self([low, middle, high + u128::from(overflow)])
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The full product of two limbs, low half first, computed from halves of 64 bits.
fn multiply(a: u128, b: u128) -> (u128, u128) {
    const HALF: u32 = 64;
    const LOW: u128 = u64::MAX as u128;
    let (a_low, a_high, b_low, b_high) = (a & LOW, a >> HALF, b & LOW, b >> HALF);
    let low = a_low * b_low;
    let cross = a_high * b_low + (low >> HALF);
    let crossed = a_low * b_high + (cross & LOW);
    (
        (crossed << HALF) | (low & LOW),
        a_high * b_high + (cross >> HALF) + (crossed >> HALF),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).expect(text)
    }

    #[test]
    fn amounts_beyond_all_counting_are_distinguished() {
        for (a, b, same) in [
            ("1e40", "10e39", true),
            (
                "1e40",
                "1000000000000000000000000000000000000000000m",
                false,
            ),
            (
                "1e40",
                "10000000000000000000000000000000000000000000m",
                true,
            ),
            ("1e40", "1.0e40", true),
            ("1e40", "1e41", false),
            ("1e40", "-1e40", false),
            ("1.5e40", "15e39", true),
            ("1e40", "1", false),
            ("1k", "1000", true),
            ("x", "x", false),
        ] {
            assert_eq!(same_amount(a, b), same, "{a} {b}");
            assert_eq!(same_amount(b, a), same, "{b} {a}");
        }
        assert_eq!(Quantity::parse_saturating("1e40"), Ok(Quantity::MAX));
    }

    #[test]
    fn spellings_of_one_amount_are_equal() {
        for (one, other) in [
            ("1000m", "1"),
            ("1Gi", "1024Mi"),
            ("12E3", "12k"),
            ("129e6", "129M"),
            (".5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("8Ei", "9Ei"),
        ] {
            assert_eq!(q(one), q(other), "{one} and {other}");
        }
        assert_ne!(q("12E"), q("12E3"));
    }

    #[test]
    fn hostile_texts_end_at_once() {
        let nines = "9".repeat(1_000_000);
        assert_eq!(Quantity::parse(&nines), Err(QuantityError::TooLarge));
        assert_eq!(
            Quantity::parse(&format!("{nines}Ki")),
            Ok(Quantity(CAP.cast_signed()))
        );
        assert_eq!(
            Quantity::parse(&format!("0.{nines}Ei")).map(Quantity::nanos),
            Ok((1_i128 << 60) * 1_000_000_000)
        );
        assert_eq!(Quantity::parse(&format!("0.{nines}")), Ok(Quantity::ONE));
        assert_eq!(
            Quantity::parse(&format!(".{}1", "0".repeat(1_000_000))).map(Quantity::nanos),
            Ok(1)
        );
        assert_eq!(
            Quantity::parse(&format!("{}7", "0".repeat(1_000_000))),
            Ok(q("7"))
        );
        assert_eq!(Quantity::parse("1e999999999"), Err(QuantityError::TooLarge));
        assert_eq!(Quantity::parse("1e-999999999").map(Quantity::nanos), Ok(1));
        assert_eq!(Quantity::parse("1e-2147483648").map(Quantity::nanos), Ok(1));
        assert_eq!(Quantity::parse("0e999999999"), Ok(Quantity::ZERO));
    }

    #[test]
    fn a_ratio_exceeds_only_above_its_limit() {
        let four = q("4");
        assert!(!ratio_exceeds(q("2Gi"), q("512Mi"), four));
        assert!(!ratio_exceeds(q("512Mi"), q("2Gi"), four));
        assert!(ratio_exceeds(q("2147483649"), q("512Mi"), four));
        assert!(
            ratio_exceeds(q("1"), q("0"), four)
                && ratio_exceeds(q("0"), q("1n"), four)
                && !ratio_exceeds(q("0"), q("-0"), four)
        );
        assert!(
            ratio_exceeds(q("1"), q("-1"), four)
                && !ratio_exceeds(q("-1"), q("-4"), four)
                && ratio_exceeds(q("-1"), q("-5"), four)
        );
        assert!(ratio_exceeds(q("1"), q("1"), q("0")) && ratio_exceeds(q("1"), q("1"), q("-1")));
        let most = Quantity(i128::MAX);
        assert!(
            !ratio_exceeds(most, most, Quantity::ONE)
                && ratio_exceeds(most, Quantity(i128::MAX - 1), Quantity::ONE)
                && ratio_exceeds(most, Quantity(1), most)
        );
    }

    #[test]
    fn ratios_of_ratios_are_exact() {
        let max = q("1.5");
        let differ = |l1, r1, l2, r2| ratio_of_ratios_exceeds((q(l1), q(r1)), (q(l2), q(r2)), max);
        assert!(!differ("500m", "100m", "1", "250m")); // 5 against 4
        assert!(!differ("3", "1", "2", "1") && !differ("2", "1", "3", "1"));
        assert!(differ("3000000001n", "1", "2", "1") && differ("2", "1", "3000000001n", "1"));
        assert!(
            differ("1", "0", "1", "1") && differ("0", "1", "1", "1") && differ("-1", "1", "1", "1")
        );
        assert!(
            !differ("0", "0", "1", "1")
                && !differ("0", "1", "0", "2")
                && !differ("1", "0", "2", "0")
        );
        let most = Quantity(i128::MAX);
        assert!(!ratio_of_ratios_exceeds(
            (most, most),
            (most, most),
            Quantity::ONE
        ));
        assert!(ratio_of_ratios_exceeds(
            (most, most),
            (most, Quantity(i128::MAX - 1)),
            Quantity::ONE
        ));
        assert!(ratio_of_ratios_exceeds(
            (most, Quantity(1)),
            (Quantity(1), most),
            most
        ));
    }

    #[test]
    fn quotients_have_both_sides_of_one() {
        let said = |a, b| quotient(q(a), q(b)).unwrap_or_default();
        assert_eq!(said("1Gi", "512Mi"), "2×");
        assert_eq!(said("1Gi", "2Gi"), "0.5×");
        assert_eq!(said("1", "1"), "1×");
        assert_eq!(said("1", "3"), "0.33×");
        assert_eq!(said("999", "1000"), "0.99×");
        assert_eq!(said("1", "20"), "0.05×");
        assert_eq!(said("1", "1000"), "less than 0.01×");
        assert_eq!(said("2", "-1") + &said("0", "1") + &said("1", "0"), "");
        assert_eq!(
            quotient(Quantity(i128::MAX / 2), Quantity(i128::MAX)).as_deref(),
            Some("0.49×")
        );
    }

    #[test]
    fn ratios_read_well_and_never_too_small() {
        let said = |a, b| ratio(q(a), q(b)).unwrap_or_default();
        assert_eq!(said("2Gi", "512Mi"), "4×");
        assert_eq!(said("100m", "250m"), "2.5×");
        assert_eq!(said("1", "1"), "1×");
        assert_eq!(said("1", "3"), "3×");
        assert_eq!(said("3", "10"), "3.34×");
        assert_eq!(said("2147483649", "512Mi"), "4.01×");
        assert_eq!(said("19999", "10000"), "2×");
        assert_eq!(said("1", "1000Gi"), "1073741824000×");
        assert_eq!(said("101", "10001"), "99.02×");
        assert_eq!(said("2", "-1") + &said("0", "1") + &said("0", "0"), "");
        assert_eq!(
            ratio(Quantity(i128::MAX), Quantity(i128::MAX / 2)).as_deref(),
            Some("2.01×")
        );
        assert_eq!(
            ratio(Quantity(i128::MAX), Quantity(i128::MAX)).as_deref(),
            Some("1×")
        );
    }
}
