//! Sorts requests into the order in which the API server processed them, whatever the order of the
//! log.

use super::event::Event;

/// Sorts events by time, and those with versions in their answers by version.
pub(super) fn in_order(events: &mut [Event]) {
    events.sort_by_key(moment);
    let version = |event: &Event| {
        let version = event
            .response
            .as_ref()?
            .pointer("/metadata/resourceVersion")?;
        version.as_str()?.parse::<u64>().ok()
    };
    let slots: Vec<usize> = (0..events.len())
        .filter(|at| events.get(*at).and_then(version).is_some())
        .collect();
    let mut known: Vec<usize> = slots.clone();
    known.sort_by_key(|at| events.get(*at).and_then(version));
    if known == slots {
        return;
    }
    let taken: Vec<Event> = known
        .iter()
        .filter_map(|at| events.get(*at).cloned())
        .collect();
    for (slot, event) in slots.into_iter().zip(taken) {
        if let Some(place) = events.get_mut(slot) {
            *place = event;
        }
    }
}

/// When an event was answered or received, for comparing.
fn moment(event: &Event) -> Option<jiff::Timestamp> {
    let parse = |text: &String| text.parse::<jiff::Timestamp>().ok();
    parse(&event.answered).or_else(|| parse(&event.received))
}
