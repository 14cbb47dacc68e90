//! A sample of `triwire prove`: faults are caught by the requirement that they break, legal variants are spared, null targets pass nothing. CI proves the
//! whole, where no expectation is without effect and no MUST without a fault either.

mod support;

use support::suite;
use triwire::contract::Contract;
use triwire::prove::{Ask, Catch, prove};
use triwire::reference::VARIANTS;

/// `TRIWIRE_FAULT`: pieces of names of faults, variants and requirements, joined by commas; only these are tried. For whoever writes one.
fn asked() -> Ask {
    let names = std::env::var("TRIWIRE_FAULT").map(|text| text.split(',').map(str::to_owned).collect());
    Ask { every: names.is_err().then_some(6), names: names.unwrap_or_default(), full: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_of_the_suite_is_proven() {
    let proof = prove(asked(), suite(), |_| {}).await;
    let escaped: Vec<&Catch> = proof.catches.iter().filter(|catch| !catch.is_killed()).collect();
    let escaped: Vec<String> = escaped
        .iter()
        .map(|it| format!("{} {} {}: {:?}, only {:?}", it.fault.name, it.fault.requirement, it.fault.kind, it.wires, it.violated))
        .collect();
    assert!(escaped.is_empty(), "{}", escaped.join("\n"));
    assert!(proof.blemishes.is_empty(), "{:#?}", proof.blemishes);
    assert!(proof.catches.len() + proof.spared > 0, "nothing has such a name");
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
