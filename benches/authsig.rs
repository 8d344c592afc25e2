//! AuthSig of version 2 next to its floor: the bare HMAC, by aws-lc-rs, of the same text, in the same run.
//!
//! `cargo bench --bench authsig` measures each, and ends with the ratios.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use civic_sip::authsig::{Signer, Verifier};
use criterion::{Criterion, criterion_group};

const SECRET: &str = "at least sixteen bytes";

/// A query of so many parameters, as they are.
fn query(parameters: usize) -> String {
    let first = [
        "login=user_1",
        "service=password",
        "team=blue",
        "redirect_url=https%3A%2F%2Fapp.example%2Fa",
        "x=1",
    ];
    let more = (first.len()..parameters).map(|i| format!("parameter{i}=value{i}"));
    let all: Vec<_> = first.into_iter().take(parameters).map(str::to_owned).chain(more).collect();
    all.join("&")
}

/// What is signed for these queries, whose values need no other encoding.
fn signed_text(query: &str) -> String {
    format!("authsig-v2\n\n\n{query}")
}

fn benchmarks(criterion: &mut Criterion) {
    let (signer, verifier) = (Signer::new(SECRET).unwrap(), Verifier::new(SECRET).unwrap());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    for parameters in [5, 10, 250] {
        let query = query(parameters);
        let text = signed_text(&query);
        let signed = signer.sign_query(&query).unwrap();
        let mut group = criterion.benchmark_group(format!("{parameters} parameters"));
        group.bench_function("bare HMAC", |b| {
            b.iter(|| hmac::sign(&key, black_box(text.as_bytes())))
        });
        group.bench_function("sign", |b| b.iter(|| signer.sign_query(black_box(&query)).unwrap()));
        group.bench_function("verify", |b| {
            b.iter(|| verifier.verify_query(black_box(&signed)).unwrap())
        });
        group.finish();
    }
}

/// Best of many short rounds, in nanoseconds: the least disturbed one.
fn best(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(1) {
        let round = Instant::now();
        for _ in 0..100 {
            work();
        }
        best = best.min(round.elapsed().as_nanos() as f64 / 100.0);
    }
    best
}

fn ratios() {
    let (signer, verifier) = (Signer::new(SECRET).unwrap(), Verifier::new(SECRET).unwrap());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    println!(
        "\n| parameters | bare HMAC | sign | ratio | verify | ratio | verify, per parameter |"
    );
    println!("|---|---|---|---|---|---|---|");
    for parameters in [5, 10, 250] {
        let query = query(parameters);
        let text = signed_text(&query);
        let signed = signer.sign_query(&query).unwrap();
        let floor = best(|| {
            black_box(hmac::sign(&key, black_box(text.as_bytes())));
        });
        let sign = best(|| drop(black_box(signer.sign_query(black_box(&query)).unwrap())));
        let verify = best(|| drop(black_box(verifier.verify_query(black_box(&signed)).unwrap())));
        println!(
            "| {parameters} | {floor:.0} ns | {sign:.0} ns | {:.2} | {verify:.0} ns | {:.2} | {:.0} ns |",
            sign / floor,
            verify / floor,
            verify / parameters as f64,
        );
    }
}

criterion_group!(group, benchmarks);

fn main() {
    group();
    Criterion::default().configure_from_args().final_summary();
    ratios();
}
