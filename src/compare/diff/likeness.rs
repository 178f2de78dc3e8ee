//! How alike two values are.

use crate::schema::List;
use crate::text::open_hosts;
use crate::yaml::Node;

/// Two unequal elements of a set that are at least this alike, out of 1000, are versions of one another.
pub(super) const ALIKE: u32 = 340;

/// How surely two elements are versions of one another, given what the list is for.
pub(super) fn of_elements(base: Node<'_>, overlay: Node<'_>, list: List) -> u32 {
    let same = |key: &str| match (base.get(key), overlay.get(key)) {
        (Some(left), Some(right)) => likeness(left, right) == 1000,
        (None, None) => true,
        _ => false,
    };
    match list {
        // The same host, or the same paths under another host.
        List::IngressRules if same("host") => 2000 + likeness(base, overlay),
        List::IngressRules if same("http") => 1500,
        List::RouteRules if same("matches") && same("match") => 2000 + likeness(base, overlay),
        // The same expression with other hosts in it.
        List::RouteRules if opened(base).is_some() && opened(base) == opened(overlay) => {
            1500 + likeness(base, overlay)
        }
        List::IngressRules | List::RouteRules => likeness(base, overlay).max(ALIKE),
        _ => likeness(base, overlay),
    }
}

/// The expression of a route without its hosts.
fn opened(route: Node<'_>) -> Option<String> {
    Some(open_hosts(route.str_at(&["match"])?).0)
}

/// How alike two values are, from 0 to 1000, at a bounded cost.
pub(super) fn likeness(base: Node<'_>, overlay: Node<'_>) -> u32 {
    weigh(base, overlay, 6)
}

/// Entries beyond this many are not weighed.
const WEIGHED_ENTRIES: usize = 24;

fn weigh(base: Node<'_>, overlay: Node<'_>, depth: usize) -> u32 {
    if base.same_in_order(overlay) {
        return 1000;
    }
    if depth == 0 || base.kind() != overlay.kind() {
        return 0;
    }
    if base.is_map() {
        let mut total = 0;
        let mut count = 0;
        for (key, value) in base.entries().take(WEIGHED_ENTRIES) {
            count += 1;
            total += overlay
                .get(key.text())
                .map_or(0, |other| weigh(value, other, depth - 1));
        }
        count += overlay
            .entries()
            .take(WEIGHED_ENTRIES)
            .filter(|(key, _)| base.get(key.text()).is_none())
            .count();
        return total / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    }
    if base.is_seq() {
        let count = base.items().count().max(overlay.items().count()).max(1);
        let total: u32 = base
            .items()
            .zip(overlay.items())
            .take(WEIGHED_ENTRIES)
            .map(|(left, right)| weigh(left, right, depth - 1))
            .sum();
        return total / u32::try_from(count).unwrap_or(u32::MAX);
    }
    let (left, right) = (base.text().as_bytes(), overlay.text().as_bytes());
    let longest = left.len().max(right.len()).max(1);
    let shared = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    u32::try_from(shared.min(1 << 20) * 500 / longest.min(1 << 20))
        .unwrap_or(0)
        .min(500)
}
