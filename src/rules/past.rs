//! The images that environments ran before, as far as they are known.
//!
//! Rules ask, the owner of the files and their history answers, and the answers
//! are plain data: a rule sees no commit and starts no program.

use std::collections::BTreeMap;

use crate::finding::ResourceRef;
use crate::path::FieldPath;
use crate::text::repository;

/// Whether an environment has ever run an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The service.
    pub service: String,
    /// The environment that may have run it.
    pub environment: String,
    /// The resource, as that environment names it.
    pub resource: ResourceRef,
    /// The place of the image in it.
    pub path: FieldPath<'static>,
    /// The image there today.
    pub today: String,
    /// The image that is asked about.
    pub image: String,
}

/// The parts by which questions differ.
type Key = [String; 6];

impl Question {
    fn key(&self) -> Key {
        let resource = &self.resource;
        [
            self.service.clone(),
            self.environment.clone(),
            format!("{} {}", resource.api_version, resource.kind),
            format!(
                "{} {}",
                resource.namespace.as_deref().unwrap_or_default(),
                resource.name
            ),
            self.path.to_string(),
            self.image.clone(),
        ]
    }
}

/// The history of an image in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// The environment has run it, and left it that many days ago.
    Left {
        /// None where the branch that counts still has it.
        days: u32,
    },
    /// No commit that counts has it.
    Never,
    /// No commit that is here has it, and the earlier ones are not here.
    Shallow,
    /// The history could not be read.
    Unknown(Blind),
}

/// Why the history could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blind {
    /// The input was built elsewhere, and has no history here.
    #[default]
    Built,
    /// The files are not in a git repository.
    NoRepository,
    /// git is not on PATH.
    NoGit,
    /// The files belong to another repository, such as a submodule.
    Elsewhere,
    /// git failed.
    Failed,
    /// No line is known to set the image, so there was none to follow.
    Untold,
    /// The history is longer than the part that is read.
    TooMuch,
}

/// The answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// The branch whose commits count, by the name that people use; empty if the history could not be read.
    pub branch: String,
    answers: BTreeMap<Key, Ran>,
}

impl Past {
    /// Answers a question.
    pub fn insert(&mut self, question: &Question, ran: Ran) {
        self.answers.insert(question.key(), ran);
    }

    /// The answer to a question.
    #[must_use]
    pub fn ran(&self, question: &Question) -> Ran {
        let answer = self.answers.get(&question.key()).copied();
        answer.unwrap_or(Ran::Unknown(Blind::default()))
    }
}

/// Whether two images are the same: their digests decide, or their tags if they have none.
#[must_use]
pub fn is_same_image(a: &str, b: &str) -> bool {
    let is_one_digest = || {
        let [a, b] = [a, b].map(|image| Some(image.split_once('@')?.1));
        a.is_some() && a == b
    };
    a == b || repository(a) == repository(b) && is_one_digest()
}

/// The part that distinguishes an image from others of its name: its digest, else its tag, else nothing.
#[must_use]
pub fn version(image: &str) -> &str {
    if let Some((_, digest)) = image.split_once('@') {
        return digest;
    }
    let tag = image.get(repository(image).len()..);
    tag.unwrap_or_default().trim_start_matches(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_its_name_and_its_digest_or_its_tag() {
        for (a, b, is_same) in [
            ("web:1", "web:1", true),
            ("web:1", "web:2", false),
            ("web:1", "api:1", false),
            ("web:1@sha256:aa", "web:2@sha256:aa", true),
            ("web:1@sha256:aa", "web:1@sha256:bb", false),
            // A tag can be moved.
            ("web:1@sha256:aa", "web:1", false),
            ("web@sha256:aa", "api@sha256:aa", false),
        ] {
            assert_eq!(is_same_image(a, b), is_same, "{a} {b}");
        }
        assert_eq!(version("host:5000/web"), "");
        assert_eq!(version("host:5000/web:1"), "1");
        assert_eq!(version("web:1@sha256:aa"), "sha256:aa");
    }
}
