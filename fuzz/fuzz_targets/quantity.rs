//! Quantities: a total order, and ratios that agree with it.
#![no_main]

use krm_parity::quantity::{Quantity, ratio, ratio_exceeds, ratio_of_ratios_exceeds, same_amount};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let texts: Vec<&str> = data.splitn(4, '\n').collect();
    let read: Vec<Quantity> = texts
        .iter()
        .filter_map(|text| Quantity::parse(text).ok())
        .collect();
    for text in &texts {
        let saturated = Quantity::parse_saturating(text);
        if let Ok(exact) = Quantity::parse(text) {
            assert_eq!(saturated, Ok(exact), "{text:?}");
            assert!(same_amount(text, text));
            // An amount has at most nine decimal places, so it can be written in nano-units.
            let nanos = format!("{}n", exact.nanos());
            assert_eq!(Quantity::parse_saturating(&nanos), Ok(exact), "{nanos}");
            if !text.starts_with(['-', '+']) {
                let negative = Quantity::parse(&format!("-{text}")).expect("a quantity");
                assert_eq!(negative.nanos(), -exact.nanos(), "{text:?}");
            }
        }
    }
    for a in &texts {
        for b in &texts {
            assert_eq!(same_amount(a, b), same_amount(b, a), "{a:?} {b:?}");
            for c in &texts {
                let chain = same_amount(a, b) && same_amount(b, c);
                assert!(!chain || same_amount(a, c), "{a:?} {b:?} {c:?}");
            }
        }
    }
    let one = Quantity::parse("1").expect("a quantity");
    for a in &read {
        assert!(!ratio_exceeds(*a, *a, one));
        for b in &read {
            assert_eq!(ratio_exceeds(*a, *b, one), ratio_exceeds(*b, *a, one));
            assert_eq!(a == b, !ratio_exceeds(*a, *b, one), "{a:?} {b:?}");
            assert_eq!(ratio(*a, *b), ratio(*b, *a));
            assert!(!ratio_of_ratios_exceeds((*a, *b), (*a, *b), one));
            check_ratio(*a, *b);
            for c in &read {
                if a <= b && b <= c {
                    assert!(a <= c);
                }
                let max = if *c > one { *c } else { one };
                // A larger bound is never exceeded more often.
                assert!(!ratio_exceeds(*a, *b, max) || ratio_exceeds(*a, *b, one));
                assert_eq!(
                    ratio_of_ratios_exceeds((*a, *b), (*c, *a), max),
                    ratio_of_ratios_exceeds((*c, *a), (*a, *b), max)
                );
            }
        }
    }
});

/// The printed ratio is rounded up by less than a hundredth, so the exact ratio never exceeds it.
fn check_ratio(a: Quantity, b: Quantity) {
    let Some(shown) = ratio(a, b) else { return };
    let shown = shown.strip_suffix('×').expect("a sign at the end");
    let Ok(max) = Quantity::parse(shown) else {
        return;
    };
    assert!(!ratio_exceeds(a, b, max), "{a:?} {b:?} {shown}");
    let step = if max.nanos() > 100_000_000_000 {
        "1"
    } else {
        "0.01"
    };
    let below = max.nanos() - Quantity::parse(step).expect("a quantity").nanos();
    let below = Quantity::parse(&format!("{below}n"));
    assert!(
        below.is_ok_and(|below| ratio_exceeds(a, b, below)),
        "{a:?} {b:?} {shown}"
    );
}
