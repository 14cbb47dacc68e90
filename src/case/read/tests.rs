use super::*;
use crate::contract::Descriptors;
use crate::contract::requirement::Catalogue;

#[test]
fn dbg() {
    let d = Descriptors::built_in();
    let c = Catalogue::built_in();
    let files = Suite::built_in_files();
    match read_suite(&files, &Contract { descriptors: &d, catalogue: &c }) {
        Ok(s) => println!("{:#?}", s.cases.iter().map(|c| (&c.id, &c.wires)).collect::<Vec<_>>()),
        Err(m) => println!("{}", crate::case::render(&m, &files, false)),
    }
}
