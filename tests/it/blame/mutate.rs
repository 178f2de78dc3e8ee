//! Edits or removes exactly the place that a finding names.

use krm_parity::finding::Place;

/// Characters around a string, also inside another string.
const QUOTES: [char; 3] = ['"', '\'', '\\'];

/// Texts of the file with the place edited or removed, the smallest change first.
pub fn mutations(text: &str, place: &Place) -> Vec<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let at = place.line - 1;
    let line = lines[at];
    let byte = |at: usize| {
        line.char_indices()
            .map(|(at, _)| at)
            .chain([line.len()])
            .nth(at)
            .unwrap_or(line.len())
    };
    let (start, end) = (
        byte(place.column - 1),
        byte(place.column - 1 + place.length),
    );
    let (before, there, after) = (&line[..start], &line[start..end], &line[end..]);
    let with = |new: &str| {
        let mut lines = lines.clone();
        let new = format!("{before}{new}{after}");
        lines[at] = &new;
        lines.join("\n")
    };
    let mut all = Vec::new();
    let is_key = after.trim_start_matches(QUOTES).starts_with(':')
        || (there.contains(": ") && !there.starts_with('"'));
    if place.what.starts_with("file of") {
        let mut lines = lines.clone();
        let new = format!("{line}q");
        lines[at] = &new;
        all.push(lines.join("\n"));
    } else if there.trim_matches(QUOTES).starts_with('/') {
        all.extend(unremoved(&lines, at));
        all.extend(edited(there).into_iter().map(|new| with(&new)));
    } else if !is_key && !there.is_empty() && !there.contains('{') {
        all.extend(edited(there).into_iter().map(|new| with(&new)));
    }
    // Every value of a patch in one scalar, the last first.
    for (at, _) in there
        .rmatch_indices("\\\"}")
        .filter(|_| there.starts_with('"'))
    {
        all.push(with(&format!("{}q{}", &there[..at], &there[at..])));
    }
    if after.trim_end().ends_with(": null") {
        let mut lines = lines.clone();
        let new = line.replacen(": null", ": q", 1);
        lines[at] = &new;
        all.push(lines.join("\n"));
    }
    all.extend(inserted(&lines, at));
    // Without the entry, without the element, without the element around it.
    let column = start;
    let dash = line[..start]
        .trim_end()
        .ends_with('-')
        .then(|| line[..start].rfind('-').unwrap_or(0));
    let key = line.find(|c: char| c != ' ').unwrap_or(0);
    for indent in [
        dash,
        Some(if is_key && dash.is_none() {
            column
        } else {
            key
        }),
    ]
    .into_iter()
    .flatten()
    {
        all.push(without(&lines, at, indent));
    }
    if place.what.starts_with("the resource") {
        all.push(without_document(&lines, at));
    }
    let mut above = at;
    let mut limit = dash.unwrap_or(key);
    while let Some(up) = (0..above).rev().find(|&up| {
        let line = lines[up];
        let indent = line.find(|c: char| c != ' ').unwrap_or(usize::MAX);
        line.trim_start().starts_with("- ") && indent < limit
    }) {
        limit = lines[up].find('-').unwrap_or(0);
        all.push(without(&lines, up, limit));
        above = up;
    }
    all.retain(|new| new != text);
    all
}

/// The text without the element of a block list that contains a place.
pub fn removed(text: &str, place: &Place) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let at = place.line - 1;
    let dash = |at: &usize| {
        let indent = lines[*at].find("- ")?;
        let is_first = lines[*at].trim_start().starts_with("- ");
        (is_first && indent < place.column - 1).then_some(indent)
    };
    let start = (0..=at).rev().find(|at| dash(at).is_some())?;
    Some(without(&lines, start, dash(&start)?))
}

/// The text without a line and all lines below it with deeper indentation.
fn without(lines: &[&str], at: usize, indent: usize) -> String {
    let is_below = |line: &&&str| {
        line.trim().is_empty()
            || line
                .find(|c: char| c != ' ')
                .is_some_and(|here| here > indent)
    };
    let below = lines[at + 1..].iter().take_while(is_below).count();
    let rest = lines[..at].iter().chain(&lines[at + 1 + below..]);
    rest.copied().collect::<Vec<_>>().join("\n")
}

/// The text without the document that contains a line.
fn without_document(lines: &[&str], at: usize) -> String {
    let is_end = |line: &&str| line.starts_with("---");
    let start = lines[..=at].iter().rposition(&is_end).unwrap_or(0);
    let end = lines[at..].iter().position(is_end);
    let end = end.map_or(lines.len(), |end| at + end);
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: in-its-place\n";
    format!(
        "{}\n{other}{}",
        lines[..start].join("\n"),
        lines[end..].join("\n")
    )
}

/// Other values of the same type.
fn edited(there: &str) -> Vec<String> {
    let bare = there.trim_matches(QUOTES);
    let new = match bare {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "delete" => "merge".to_owned(),
        bare => match bare.parse::<i64>() {
            Ok(number) => (number + 1).to_string(),
            Err(_) if bare.starts_with(|c: char| c.is_ascii_digit()) => format!("9{bare}"),
            Err(_) if bare.ends_with('-') || bare.starts_with('-') => {
                format!(
                    "{}q{}",
                    if bare.starts_with('-') { "-" } else { "" },
                    bare.trim_start_matches('-')
                )
            }
            Err(_) => format!("{bare}q"),
        },
    };
    match there.find(bare) {
        Some(at) if !bare.is_empty() => {
            vec![format!(
                "{}{new}{}",
                &there[..at],
                &there[at + bare.len()..]
            )]
        }
        _ => vec!["\"q\"".to_owned()],
    }
}

/// The text with an operation that inserts an element instead of replacing one.
fn inserted(lines: &[&str], at: usize) -> Option<String> {
    let around = [at, at.wrapping_sub(1), at.wrapping_sub(2)];
    let line = |near: &usize| lines.get(*near).copied().unwrap_or_default();
    let near = around.into_iter().find(|near| line(near).contains("op"))?;
    // In a map there is no position beside it.
    let is_element = |near: &usize| {
        let path = line(near).split("path").nth(1).unwrap_or_default();
        let path = path.split(',').next().unwrap_or_default();
        path.trim_end_matches(QUOTES)
            .ends_with(|c: char| c.is_ascii_digit())
    };
    around.iter().find(|near| is_element(near))?;
    let new = lines[near].replacen("replace", "add", 1);
    let mut lines = lines.to_vec();
    lines[near] = &new;
    Some(lines.join("\n"))
}

/// The text with an operation that replaces instead of removing.
fn unremoved(lines: &[&str], at: usize) -> Vec<String> {
    let mut all = Vec::new();
    for near in [at, at.wrapping_sub(1), at + 1, at.wrapping_sub(2)] {
        let Some(line) = lines.get(near) else {
            continue;
        };
        let Some(found) = line.rfind("remove") else {
            continue;
        };
        let quote = ["\\\"", "\""];
        let quote = quote.into_iter().find(|q| line[..found].ends_with(q));
        let new = if let Some(q) = quote {
            let new = format!("{q}replace{q}, {q}value{q}: {q}q{q}");
            line.replacen(&format!("{q}remove{q}"), &new, 1)
        } else {
            let indent = " ".repeat(line.find("op:").unwrap_or(0));
            format!(
                "{}\n{indent}value: q",
                line.replacen("remove", "replace", 1)
            )
        };
        let mut lines = lines.to_vec();
        lines[near] = &new;
        all.push(lines.join("\n"));
        break;
    }
    all
}
