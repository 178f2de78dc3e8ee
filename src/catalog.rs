//! The catalogue of classes and rules: every name that a policy, a message or a tag may have.
//!
//! It is data so that the policy, the judgement, the reports and the rule
//! reference use the same names for the same things. The text and the check of a
//! rule are in its file below [`crate::rules`].

mod class;
mod rule;
mod severity;

pub use class::Class;
pub use rule::{DAYS, Rule, RuleId};
pub use severity::Severity;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_every_class_has_its_rule() {
        let names: Vec<&str> = RuleId::ALL.iter().map(|rule| rule.as_str()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for rule in RuleId::ALL {
            assert_eq!(RuleId::parse(rule.as_str()), Some(*rule));
        }
        for class in Class::ALL {
            let is_own = class.rule().as_str() == class.id();
            assert!(is_own || class == Class::ImageTag, "{}", class.id());
            assert_eq!(Class::from_id(class.id()), Some(class));
        }
    }
}
