//! The matrix: services × environments with their counts, once for all formats.

use std::collections::BTreeMap;

use super::{Environment, Service, State, Survey};
use crate::finding::{Finding, Totals};

/// One environment of one service, with the counts of its findings.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The environment; `None` if only findings name it.
    pub environment: Option<&'a Environment>,
    /// The counts of its findings; resources are not counted by environment and stay 0.
    pub totals: Totals,
    /// How many findings an earlier check has found already, which do not count.
    pub known: usize,
}

impl Cell<'_> {
    /// The outcome of the environment.
    #[must_use]
    pub fn state(&self) -> &State {
        self.environment
            .map_or(&State::Judged, |environment| &environment.state)
    }
}

/// One service with its cells.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The service's name; `None` for findings that name no service.
    pub name: Option<&'a str>,
    /// The service; `None` if only findings name it.
    pub service: Option<&'a Service>,
    /// One cell per column, `None` if the service does not have that environment.
    pub cells: Vec<Option<Cell<'a>>>,
    /// The counts of findings in the service but in none of its environments.
    pub rest: Totals,
}

impl Row<'_> {
    /// The counts of all findings in the service, in its environments and beside them.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut sum = self.rest;
        for cell in self.cells.iter().flatten() {
            sum = sum.plus(&cell.totals);
        }
        sum
    }

    /// How important the row is to a reader: errors before warnings before the rest, and a clean row last.
    #[must_use]
    pub fn weight(&self) -> u8 {
        weight(&self.totals()) << 1 | u8::from(!self.is_clean())
    }

    /// Whether there are no findings and every existing environment was judged.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let mut cells = self.cells.iter().flatten();
        self.totals().findings() == 0 && cells.all(|cell| *cell.state() == State::Judged)
    }
}

/// Services × environments.
#[derive(Clone, Debug, Default)]
pub struct Matrix<'a> {
    /// The columns, in promotion order.
    pub environments: Vec<&'a str>,
    /// The rows, in the survey's order, then those that only findings name.
    pub rows: Vec<Row<'a>>,
}

impl<'a> Matrix<'a> {
    /// So many rows, those with findings first; of too many, the most important ones.
    #[must_use]
    pub fn heaviest_rows(&self, max: usize) -> Vec<&Row<'a>> {
        let mut kept = heaviest(self.rows.iter().map(Row::weight), max);
        kept.sort_by_key(|&at| self.rows[at].is_clean());
        kept.into_iter().map(|at| &self.rows[at]).collect()
    }

    /// The indexes of so many columns, in their order; of too many, the most important ones.
    #[must_use]
    pub fn heaviest_columns(&self, max: usize) -> Vec<usize> {
        let columns = 0..self.environments.len();
        heaviest(columns.map(|at| self.column_weight(at)), max)
    }

    /// How important a column is to a reader, as [`Row::weight`].
    #[must_use]
    pub fn column_weight(&self, column: usize) -> u8 {
        let mut sum = Totals::default();
        for cell in self.rows.iter().filter_map(|row| row.cells[column]) {
            sum = sum.plus(&cell.totals);
        }
        weight(&sum)
    }
}

/// How important findings with these counts are to a reader.
#[must_use]
pub fn weight(totals: &Totals) -> u8 {
    let [errors, warnings, infos] =
        [totals.errors, totals.warnings, totals.infos].map(|count| u8::from(count > 0));
    errors << 2 | warnings << 1 | infos
}

/// The places of the heaviest, in their order; of equals, the first.
fn heaviest(weights: impl Iterator<Item = u8>, max: usize) -> Vec<usize> {
    let mut places: Vec<_> = weights.enumerate().collect();
    places.sort_by(|(_, a), (_, b)| b.cmp(a));
    places.truncate(max);
    let mut places: Vec<_> = places.into_iter().map(|(at, _)| at).collect();
    places.sort_unstable();
    places
}

/// Lays a survey out as a matrix.
#[must_use]
pub fn matrix(survey: &Survey) -> Matrix<'_> {
    let findings = &survey.report.findings;
    let mentioned = findings.iter().filter_map(Finding::environment);
    let lists = survey.services.iter().map(|service| {
        let names = service.environments.iter();
        names.map(|environment| environment.name.as_str()).collect()
    });
    let environments = promotion_order(lists, mentioned);
    let column: BTreeMap<&str, usize> = environments
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, at))
        .collect();

    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut row_of: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for service in &survey.services {
        let mut cells = vec![None; environments.len()];
        for environment in &service.environments {
            cells[column[environment.name.as_str()]] = Some(Cell {
                environment: Some(environment),
                totals: Totals::default(),
                known: 0,
            });
        }
        row_of.insert(Some(&service.name), rows.len());
        rows.push(Row {
            name: Some(&service.name),
            service: Some(service),
            cells,
            rest: Totals::default(),
        });
    }
    for finding in findings {
        let at = *row_of.entry(finding.service()).or_insert_with(|| {
            rows.push(Row {
                name: finding.service(),
                service: None,
                cells: vec![None; environments.len()],
                rest: Totals::default(),
            });
            rows.len() - 1
        });
        let column = finding.environment().and_then(|name| column.get(name));
        let totals = match column {
            Some(&at_column) => {
                let cell = rows[at].cells[at_column].get_or_insert(Cell {
                    environment: None,
                    totals: Totals::default(),
                    known: 0,
                });
                &mut cell.totals
            }
            None => &mut rows[at].rest,
        };
        totals.add(finding.severity);
    }
    // Known findings have no rows and columns of their own.
    let known = survey.against.iter().flat_map(|against| &against.known);
    for finding in known {
        let row = row_of.get(&finding.service());
        let column = finding.environment().and_then(|name| column.get(name));
        if let (Some(&row), Some(&column)) = (row, column)
            && let Some(cell) = &mut rows[row].cells[column]
        {
            cell.known += 1;
        }
    }
    Matrix { environments, rows }
}

/// The names of all lists in one order that follows each list as far as they agree.
///
/// A name comes as late as in any list; among equals the first comes first. Names in no list come
/// last.
pub(super) fn promotion_order<'a>(
    lists: impl Iterator<Item = Vec<&'a str>>,
    others: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let listed = lists.flat_map(|list| list.into_iter().enumerate().collect::<Vec<_>>());
    for (at, name) in listed.chain(others.map(|name| (usize::MAX, name))) {
        let seen = places.len();
        let place = places.entry(name).or_insert((at, seen));
        if at != usize::MAX {
            place.0 = place.0.max(at);
        }
    }
    let mut names: Vec<_> = places.into_iter().collect();
    names.sort_unstable_by_key(|(_, place)| *place);
    names.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_the_heaviest_are_kept_in_their_order() {
        assert_eq!(heaviest([0, 4, 1, 7, 4].into_iter(), 3), [1, 3, 4]);
        assert_eq!(heaviest([0, 0, 0].into_iter(), 2), [0, 1]);
        assert_eq!(heaviest([1].into_iter(), 2), [0]);
    }

    #[test]
    fn the_order_follows_the_lists_as_far_as_they_agree() {
        let order = |lists: &[&[&'static str]]| {
            let lists = lists.iter().map(|list| list.to_vec());
            promotion_order(lists, ["dev", "odd"].into_iter()).join(" ")
        };
        assert_eq!(order(&[]), "dev odd");
        assert_eq!(
            order(&[&["dev", "production"], &["dev", "staging", "production"]]),
            "dev staging production odd"
        );
        assert_eq!(
            order(&[&["staging", "production"], &["dev", "staging"]]),
            "dev staging production odd"
        );
    }
}
