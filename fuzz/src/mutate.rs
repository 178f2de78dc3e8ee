//! Changes an input as a tree, so that the result is still YAML and reaches the comparison.

use krm_parity::yaml::{self, Node};
use libfuzzer_sys::fuzzer_mutate;
use serde_json::Value;

use crate::SEPARATOR;

/// The words of the dictionary, as values and keys.
const WORDS: &str = include_str!("../dictionaries/function.dict");

/// Values that the words lack.
const VALUES: &[&str] = &[
    "null",
    "{}",
    "[]",
    "true",
    "0",
    "-1",
    "1.5",
    "\"\"",
    "\"1Gi\"",
    "\"1024Mi\"",
    "\"0.1\"",
    "\"100m\"",
    "\"80\"",
    "80",
];

/// Numbers that look random and are the same for the same seed.
struct Choice(u64);

impl Choice {
    /// A number below a bound, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap_or(0)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn word(&mut self) -> String {
        let words: Vec<&str> = WORDS
            .lines()
            .filter(|line| line.starts_with('"'))
            .map(|line| line.trim_matches('"'))
            .collect();
        (*self.of(&words)).to_owned()
    }
}

/// Changes an input in place, for libFuzzer: half of the changes are its own, to bytes; the other
/// half are to trees.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let changed = match std::str::from_utf8(&data[..size]) {
        Ok(text) if seed % 2 == 0 => changed(text, seed),
        _ => None,
    };
    match changed.filter(|text| text.len() <= max_size) {
        Some(text) => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
}

/// An input with a few changes to one of its trees; `None` if it has no parts, or if they are not
/// YAML.
fn changed(text: &str, seed: u32) -> Option<String> {
    let mut choice = Choice(u64::from(seed));
    let mut parts: Vec<Vec<Value>> = text
        .split(SEPARATOR)
        .map(documents)
        .collect::<Option<_>>()?;
    if parts.len() < 2 || parts.iter().all(Vec::is_empty) {
        return None;
    }
    for _ in 0..=choice.below(3) {
        // Mostly the overlay, sometimes its base, seldom the policy.
        let at = [1, 1, 1, 0, 0, 2][choice.below(6)].min(parts.len() - 1);
        let graft = parts[choice.below(parts.len().min(2))].clone();
        change(&mut parts[at], &graft, &mut choice);
    }
    let texts = parts.iter().map(|documents| {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        texts.join("\n---\n")
    });
    Some(texts.collect::<Vec<_>>().join(SEPARATOR))
}

fn documents(text: &str) -> Option<Vec<Value>> {
    let tree = yaml::parse(text).ok()?;
    Some(tree.roots().map(Node::to_json).collect())
}

/// Changes one place of some documents; the new value may come from others.
fn change(documents: &mut Vec<Value>, others: &[Value], choice: &mut Choice) {
    let from = places(others);
    let graft = |choice: &mut Choice| {
        let (index, pointer) = choice.of(&from).clone();
        others[index].pointer(&pointer).cloned()
    };
    if documents.is_empty() || choice.below(40) == 0 {
        documents.extend(others.first().cloned());
        return;
    }
    let (index, pointer) = {
        let all = places(documents);
        choice.of(&all).clone()
    };
    let Some(here) = documents[index].pointer_mut(&pointer) else {
        return;
    };
    match choice.below(7) {
        0 => remove_one(here, choice),
        1 if !from.is_empty() => *here = graft(choice).unwrap_or_default(),
        2 => *here = Value::String(choice.word()),
        3 => *here = serde_json::from_str(VALUES[choice.below(VALUES.len())]).unwrap_or_default(),
        4 => repeat_one(here, choice),
        5 => {
            let value = if from.is_empty() { None } else { graft(choice) };
            if let Value::Object(map) = here {
                map.insert(choice.word(), value.unwrap_or_default());
            }
        }
        _ => adjust(here, choice),
    }
}

/// Every place of some documents: the document and the pointer into it.
fn places(documents: &[Value]) -> Vec<(usize, String)> {
    fn walk(value: &Value, at: &str, index: usize, all: &mut Vec<(usize, String)>) {
        all.push((index, at.to_owned()));
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(value, &format!("{at}/{key}"), index, all);
                }
            }
            Value::Array(items) => {
                for (item, value) in items.iter().enumerate() {
                    walk(value, &format!("{at}/{item}"), index, all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        walk(document, "", index, &mut all);
    }
    all
}

fn remove_one(value: &mut Value, choice: &mut Choice) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(choice.below(map.len())).cloned();
            key.and_then(|key| map.shift_remove(&key));
        }
        Value::Array(items) if !items.is_empty() => {
            items.remove(choice.below(items.len()));
        }
        _ => *value = Value::Null,
    }
}

/// Moves or repeats an element, or copies a field's value to another field.
fn repeat_one(value: &mut Value, choice: &mut Choice) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let from = choice.below(items.len());
            let to = choice.below(items.len());
            if choice.below(2) == 0 {
                items.swap(from, to);
            } else {
                items.insert(to, items[from].clone());
            }
        }
        Value::Object(map) if !map.is_empty() => {
            let from = map.values().nth(choice.below(map.len())).cloned();
            let to = choice.below(map.len());
            if let (Some(to), Some(from)) = (map.values_mut().nth(to), from) {
                *to = from;
            }
        }
        _ => {}
    }
}

/// Changes a value slightly: another number, or a text that is one character longer.
fn adjust(value: &mut Value, choice: &mut Choice) {
    match value {
        Value::String(text) => {
            let ends = ["1", "-a", "i", "0", "\n", "\u{202e}", "."];
            text.push_str(ends[choice.below(ends.len())]);
        }
        Value::Number(number) => {
            let step = i64::try_from(choice.below(5)).unwrap_or(0) - 2;
            *value = number
                .as_i64()
                .map_or(step, |n| n.saturating_add(step))
                .into();
        }
        Value::Bool(is) => *is = !*is,
        _ => {}
    }
}
