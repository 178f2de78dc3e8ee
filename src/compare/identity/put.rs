//! Labels and annotations that an overlay has put on everything.

use std::collections::HashSet;

use crate::resource::Resource;
use crate::yaml::Node;

/// The labels and annotations that transformations of everything put on an item that nothing else reaches.
///
/// A label on the only resource of a service says nothing by itself; if the base's snapshot has it as well, it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
}

impl Witness {
    /// Reads the labels and annotations of an item that travelled with the resources.
    #[must_use]
    pub fn of(item: &Resource<'_>) -> Self {
        let map = |field| {
            let all = entries(item, field);
            all.map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        };
        Self {
            labels: map("labels"),
            annotations: map("annotations"),
        }
    }

    fn has(&self, field: &str, key: &str, value: &str) -> bool {
        let all = match field {
            "labels" => &self.labels,
            _ => &self.annotations,
        };
        all.iter().any(|one| one.0 == key && one.1 == value)
    }
}

/// The entries of a metadata map that the overlay has put on every resource with one value, and on at least two.
///
/// An entry that the base has with that value was not put there. A patch can put one on a single resource, or on one of
/// two where the other had it already. A witness counts as a resource that has it.
pub(super) fn put_on_everything<'a>(
    field: &str,
    pairs: &[(&Resource<'a>, &Resource<'a>)],
    witnesses: &[Witness],
) -> HashSet<(&'a str, &'a str)> {
    let map = |resource: &Resource<'a>| resource.node.at(&["metadata", field]);
    let has = |map: Option<Node<'_>>, key: &str, value: &str| {
        map.and_then(|map| map.get(key)).and_then(Node::as_str) == Some(value)
    };
    let Some(((_, first), rest)) = pairs.split_first() else {
        return HashSet::new();
    };
    let mut common: Vec<_> = entries(first, field).collect();
    for (_, resource) in rest {
        if common.is_empty() {
            break;
        }
        let map = map(resource);
        common.retain(|(key, value)| has(map, key, value));
    }
    common.retain(|(key, value)| {
        let put = pairs.iter().filter(|(base, _)| !has(map(base), key, value));
        let put = put.count();
        let witnesses = witnesses.iter().filter(|one| one.has(field, key, value));
        // The value is the base's own if no resource got it.
        put > 0 && put + witnesses.count() > 1
    });
    common.into_iter().collect()
}

fn entries<'a>(
    resource: &Resource<'a>,
    field: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let map = resource.node.at(&["metadata", field]).into_iter();
    map.flat_map(Node::entries)
        .filter_map(|(key, value)| Some((key.text(), value.as_str()?)))
}
