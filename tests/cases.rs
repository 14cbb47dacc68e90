//! Every trial of the suite on the embedded reference target, a test each: `cargo test --test cases NAME` selects them.

fn main() -> std::process::ExitCode {
    triwire::libtest::main(triwire::libtest::Target::Embedded)
}
