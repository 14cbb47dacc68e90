//! `triwire prove`, as a test: each fault is caught by the requirement that it breaks, each legal variant is spared, null targets pass nothing, and
//! no expectation is without effect.

mod support;

use support::suite;
use triwire::contract::Contract;
use triwire::prove::{Ask, Catch, prove};
use triwire::reference::VARIANTS;

/// `TRIWIRE_FAULT`: pieces of names of faults, variants and requirements, joined by commas; only these are tried. For whoever writes one.
fn asked() -> Ask {
    let names = std::env::var("TRIWIRE_FAULT").map(|text| text.split(',').map(str::to_owned).collect());
    Ask { names: names.unwrap_or_default(), full: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_is_proven() {
    let proof = prove(asked(), suite(), |_| {}).await;
    let escaped: Vec<&Catch> = proof.catches.iter().filter(|catch| !catch.is_killed()).collect();
    let escaped: Vec<String> = escaped
        .iter()
        .map(|it| format!("{} {} {}: {:?}, only {:?}", it.fault.name, it.fault.requirement, it.fault.kind, it.wires, it.violated))
        .collect();
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
    assert!(proof.blemishes.is_empty(), "{:#?}", proof.blemishes);
    assert!(proof.expectations.dead.is_empty(), "{:#?}", proof.expectations.dead);
    assert!(proof.holds(), "MUSTs without a fault: {:?}", proof.unbroken);
}

#[test]
fn each_variant_names_the_requirements_that_must_spare_it() {
    let catalogue = &Contract::built_in().catalogue;
    for variant in VARIANTS {
        assert!(!variant.spared_by.is_empty(), "{} names none", variant.name);
        for id in variant.spared_by {
            assert!(catalogue.get(id).is_some(), "{}: no requirement {id}", variant.name);
        }
    }
}
