//! Quantities compared with Kubernetes' own answers, and laws that hold for any text.

use krm_parity::quantity::{
    Quantity, QuantityError, ratio, ratio_exceeds, ratio_of_ratios_exceeds, same_amount,
};
use proptest::prelude::*;

#[test]
fn every_spelling_has_the_value_of_kubernetes() {
    let mut rows = 0;
    for line in include_str!("../data/quantities.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (text, expected) = line.rsplit_once('\t').expect("two columns");
        let text = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .expect("quoted");
        let actual = Quantity::parse(text);
        match expected {
            "error" => assert!(
                matches!(actual, Err(QuantityError::NoNumber | QuantityError::Suffix)),
                "{text:?} is {actual:?}"
            ),
            nanos => match nanos.parse::<i128>() {
                Ok(nanos) => assert_eq!(actual.map(Quantity::nanos), Ok(nanos), "{text:?}"),
                Err(_) => assert_eq!(actual, Err(QuantityError::TooLarge), "{text:?}"),
            },
        }
        rows += 1;
    }
    assert!(rows > 1_500, "only {rows} rows");
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        (-2000_i64..2000).prop_map(|millis| format!("{millis}m")),
        (
            any::<i64>(),
            prop::sample::select(vec!["", "n", "u", "k", "M", "Ki", "Gi", "Ei"])
        )
            .prop_map(|(number, suffix)| format!("{number}{suffix}")),
    ]
    .prop_map(|text| Quantity::parse(&text).expect("in range"))
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in "[-+]?[0-9]{0,25}(\\.[0-9]{0,25})?[eEinumkKMGTP]{0,2}[-+]?[0-9]{0,9}|.{0,12}") {
        let first = Quantity::parse(&text);
        prop_assert_eq!(first, Quantity::parse(&text));
    }

    #[test]
    fn spellings_of_one_amount_are_equal(millis in any::<i32>(), mebis in -1_000_000_i64..1_000_000) {
        let milli = Quantity::parse(&format!("{millis}m"));
        let sign = if millis < 0 { "-" } else { "" };
        let (whole, part) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
        prop_assert_eq!(milli, Quantity::parse(&format!("{sign}{whole}.{part:03}")));
        prop_assert_eq!(milli, Quantity::parse(&format!("{millis}e-3")));
        prop_assert_eq!(milli, Quantity::parse(&format!("{}u", i64::from(millis) * 1000)));
        let mebi = Quantity::parse(&format!("{mebis}Mi"));
        prop_assert_eq!(mebi, Quantity::parse(&format!("{}Ki", mebis * 1024)));
        prop_assert_eq!(mebi, Quantity::parse(&format!("{}", mebis << 20)));
    }

    #[test]
    fn the_order_is_that_of_the_numbers(a in any::<i64>(), b in any::<i64>()) {
        let read = |number: i64| Quantity::parse(&number.to_string()).expect("in range");
        prop_assert_eq!(read(a).cmp(&read(b)), a.cmp(&b));
        prop_assert_eq!(read(a) == read(b), a == b);
    }

    #[test]
    fn ratios_do_not_care_for_sides(a in quantity(), b in quantity(), c in quantity(), d in quantity(), max in quantity()) {
        prop_assert_eq!(ratio_exceeds(a, b, max), ratio_exceeds(b, a, max));
        prop_assert_eq!(ratio(a, b), ratio(b, a));
        prop_assert_eq!(ratio_of_ratios_exceeds((a, b), (c, d), max), ratio_of_ratios_exceeds((c, d), (a, b), max));
        prop_assert!(!ratio_exceeds(a, a, Quantity::ONE));
        prop_assert!(!ratio_of_ratios_exceeds((a, b), (a, b), Quantity::ONE));
        // With a common request, ratios of ratios are plain ratios.
        if c != Quantity::ZERO && !(a == Quantity::ZERO && b == Quantity::ZERO) {
            prop_assert_eq!(ratio_of_ratios_exceeds((a, c), (b, c), max), ratio_exceeds(a, b, max));
        }
    }

    #[test]
    fn a_ratio_is_the_float_rounded_up(a in 1_u32.., b in 1_u32..) {
        let said = ratio(Quantity::parse(&a.to_string()).unwrap(), Quantity::parse(&b.to_string()).unwrap()).unwrap();
        let said: f64 = said.trim_end_matches('×').parse().unwrap();
        let exact = f64::from(a.max(b)) / f64::from(a.min(b));
        let step = if exact >= 100.0 { 1.0 } else { 0.01 };
        prop_assert!(said >= exact - 1e-6 && said < exact + step + 1e-6, "{} for {}", said, exact);
    }
}

/// Amounts beyond the range are still distinguished, and saturate if they are ordered.
#[test]
fn amounts_beyond_the_range_are_distinguished() {
    for (a, b) in [
        ("1e30", "1000e27"),
        ("1.5e30", "15e29"),
        ("0.5e31", "5e30"),
        ("-1e30", "-10e29"),
        ("123e30", "12.3e31"),
        ("00100e30", "1e32"),
        ("+1e30", "1.000e30"),
    ] {
        assert!(same_amount(a, b), "{a} is {b}");
        assert!(same_amount(b, a), "{b} is {a}");
    }
    for (a, b) in [
        ("1e30", "2e30"),
        ("1e30", "1e31"),
        ("-1e30", "1e30"),
        ("1.5e30", "1.05e30"),
        ("15e30", "1.5e30"),
        ("100e30", "10e30"),
        ("1e30", "none"),
        ("1", "1e30"),
    ] {
        assert!(!same_amount(a, b), "{a} is not {b}");
        assert!(!same_amount(b, a), "{b} is not {a}");
    }
    let saturated = |text| Quantity::parse_saturating(text).map(Quantity::nanos);
    assert_eq!(saturated("1e40"), Ok(Quantity::MAX.nanos()));
    assert_eq!(saturated("-1e40"), Ok(-Quantity::MAX.nanos()));
    assert_eq!(saturated("2"), Ok(2_000_000_000));
    assert!(saturated("2x").is_err());
    // Binary amounts are capped, whatever their number of digits.
    let digits = "9".repeat(60);
    assert_eq!(saturated(&format!("{digits}Ki")), saturated("8Ei"));
}
