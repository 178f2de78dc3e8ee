//! The time of the function by stage: `cargo bench --bench function`.
//!
//! `scripts/bench` measures whole processes and the promised speed.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use krm_parity::compare::pair;
use krm_parity::environment::{self, Items};
use krm_parity::function;
use krm_parity::krm;
use krm_parity::policy::{Config, IdentityMode, Policy};
use krm_parity::rules;
use krm_parity::snapshot::{self, Sealed};
use krm_parity::yaml::{self, Tree};

#[path = "support/bare.rs"]
mod bare;
#[path = "support/generate.rs"]
mod generate;

const SIZES: [usize; 4] = [3, 100, 1_000, 10_000];

fn stages(criterion: &mut Criterion) {
    for size in SIZES {
        let list = generate::list(size);
        let text = list.as_str();
        let mut group = criterion.benchmark_group("function");
        group.throughput(Throughput::Bytes(text.len() as u64));
        if size >= 1_000 {
            group.sample_size(10);
        }
        if size >= 10_000 {
            group.measurement_time(Duration::from_secs(10));
        }

        group.bench_function(BenchmarkId::new("bare-tree", size), |bencher| {
            bencher.iter_with_large_drop(|| bare::tree(black_box(text)));
        });
        group.bench_function(BenchmarkId::new("read/yaml", size), |bencher| {
            bencher.iter_with_large_drop(|| yaml::parse(black_box(text)));
        });

        let tree = yaml::parse(text).expect("generated input is YAML");
        group.bench_function(BenchmarkId::new("read/items", size), |bencher| {
            bencher.iter_with_large_drop(|| krm::read(black_box(&tree)));
        });

        let list = krm::read(&tree).expect("generated input is a ResourceList");
        let policy = policy(&list);
        group.bench_function(BenchmarkId::new("snapshot/verify", size), |bencher| {
            bencher.iter_with_large_drop(|| environment::sort(black_box(&list.resources)));
        });

        let items = environment::sort(&list.resources).expect("the generated snapshot is whole");
        group.bench_function(BenchmarkId::new("snapshot/parse", size), |bencher| {
            bencher.iter_with_large_drop(|| {
                items.sealed.iter().map(Sealed::parse).collect::<Vec<_>>()
            });
        });

        let trees: Vec<Tree<'_>> = items
            .sealed
            .iter()
            .map(|sealed| sealed.parse().expect("the generated snapshot is JSON"))
            .collect();
        group.bench_function(BenchmarkId::new("plan", size), |bencher| {
            bencher.iter_with_large_drop(|| environment::plan(&items, &trees, &policy));
        });

        compare(&mut group, size, &items, &trees, &policy);

        group.bench_function(BenchmarkId::new("whole", size), |bencher| {
            bencher.iter_with_large_drop(|| {
                function::run(black_box(text.as_bytes()), date(2026, 1, 1))
            });
        });
        group.bench_function(BenchmarkId::new("record", size), |bencher| {
            bencher.iter_batched(
                || list.resources.clone(),
                |resources| snapshot::seal("shop", "base", black_box(&resources)),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

/// The stages after the reading.
fn compare(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    size: usize,
    items: &Items<'_>,
    trees: &[Tree<'_>],
    policy: &Policy,
) {
    let plan = environment::plan(items, trees, policy).expect("one snapshot contradicts nothing");
    let planned = &plan.comparisons[0];
    group.bench_function(BenchmarkId::new("pair", size), |bencher| {
        bencher
            .iter_with_large_drop(|| pair::pair(black_box(&planned.base), &planned.overlay, &[]));
    });
    // The comparison pairs, diffs, cancels and classifies; pairing alone is measured above.
    group.bench_function(BenchmarkId::new("compare", size), |bencher| {
        bencher.iter_with_large_drop(|| {
            environment::compare(black_box(&plan.comparisons), IdentityMode::Cancel)
        });
    });
    let compared = environment::compare(&plan.comparisons, IdentityMode::Cancel);
    group.bench_function(BenchmarkId::new("judge", size), |bencher| {
        bencher.iter_with_large_drop(|| {
            rules::judge(black_box(&compared), &plan.gaps, policy, date(2026, 1, 1))
        });
    });
}

fn policy(list: &krm::ResourceList<'_>) -> Policy {
    let config = list.config.map(yaml::Node::to_yaml_value);
    match krm_parity::policy::read(krm_parity::rules::RULES, config.as_ref()) {
        Ok(Config::Policy(policy)) => policy,
        other => panic!("the generated input holds a policy, not {other:?}"),
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
