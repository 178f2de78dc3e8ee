//! Transformations of an overlay that reach everything it loads.

use super::Replay;
use super::item::{Item, To};

/// Keys and values.
type Pairs = Vec<(String, String)>;

impl Replay<'_> {
    /// The labels and annotations that kustomizations above the base add to all of it, with
    /// transformations that select nothing.
    ///
    /// They would also be on a snapshot that a recorder in the base had written.
    #[must_use]
    pub fn everything(&self) -> (Pairs, Pairs) {
        let is_of_base = |origin: usize| {
            let origin = self.walk.origins.get(origin);
            origin.is_some_and(|origin| origin.in_base)
        };
        let put = |item: &Item| {
            let (mut labels, mut annotations) = (Pairs::new(), Pairs::new());
            let above = item.reach.iter();
            for reach in above.filter(|reach| !is_of_base(reach.mark.origin)) {
                match &reach.to {
                    To::Label(key, value) => labels.push((key.clone(), value.clone())),
                    To::Annotation(key, value) => {
                        annotations.push((key.clone(), value.clone()));
                    }
                    To::Prefix(_) | To::Suffix(_) | To::Namespace(_) => {}
                }
            }
            (labels, annotations)
        };
        let mut items = self
            .items
            .iter()
            .filter(|item| is_of_base(item.origin.origin));
        let (mut labels, mut annotations) = items.next().map(&put).unwrap_or_default();
        for item in items {
            if labels.is_empty() && annotations.is_empty() {
                break;
            }
            let own = put(item);
            labels.retain(|pair| own.0.contains(pair));
            annotations.retain(|pair| own.1.contains(pair));
        }
        (labels, annotations)
    }
}
