//! Makes one mistake in a document: an unknown key, a value of another type, a missing part.

use crate::edits::Dice;

use super::write::Yaml;

/// Makes one mistake.
pub fn spoil(value: &mut Yaml, dice: &mut Dice) {
    let is_deeper = dice.roll(4) > 0;
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            let at = dice.roll(entries.len());
            if is_deeper {
                return spoil(&mut entries[at].1, dice);
            }
            match dice.roll(6) {
                0 => entries[at].0.push('x'),
                1 => {
                    entries.remove(at);
                }
                2 => {
                    let entry = entries[at].clone();
                    entries.push(entry);
                }
                3 => entries[at].0 = entries[at].0.to_uppercase(),
                _ => entries[at].1 = other(dice),
            }
        }
        Yaml::List(items) if !items.is_empty() => {
            let at = dice.roll(items.len());
            if is_deeper {
                return spoil(&mut items[at], dice);
            }
            match dice.roll(4) {
                0 => {
                    items.remove(at);
                }
                1 => {
                    let item = items[at].clone();
                    items.push(item);
                }
                _ => items[at] = other(dice),
            }
        }
        value => *value = other(dice),
    }
}

/// A value of any type.
fn other(dice: &mut Dice) -> Yaml {
    match dice.roll(3) {
        0 => Yaml::Free,
        _ => Yaml::raw(*dice.pick(&[
            "{}",
            "[]",
            "null",
            "",
            "1",
            "true",
            "yes",
            "[a]",
            "{a: b}",
            "nope.yaml",
            "'a b'",
            "''",
            "1.5",
        ])),
    }
}
