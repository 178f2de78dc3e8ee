//! Reduces a tree to a smaller one with the same fault: lines are removed as long as the fault
//! stays.

use crate::engine::trees::Files;

/// Removes the parts that a tree does not need to satisfy `is_it`.
pub fn shrunk(mut files: Files, is_it: &dyn Fn(&Files) -> bool) -> Files {
    loop {
        let before = files.clone();
        for path in files.keys().cloned().collect::<Vec<_>>() {
            let mut less = files.clone();
            less.remove(&path);
            if is_it(&less) {
                files = less;
                continue;
            }
            let mut size = files[&path].lines().count() / 2;
            while size > 0 {
                let mut at = 0;
                while at < files[&path].lines().count() {
                    let lines: Vec<&str> = files[&path].split_inclusive('\n').collect();
                    let end = (at + size).min(lines.len());
                    let text = [&lines[..at], &lines[end..]].concat().concat();
                    let mut less = files.clone();
                    less.insert(path.clone(), text);
                    if is_it(&less) {
                        files = less;
                    } else {
                        at += size;
                    }
                }
                size /= 2;
            }
        }
        if files == before {
            return files;
        }
    }
}
