//! `triwire prove`: each end of it, for the least that there is to prove.

use super::support::Folder;

#[test]
fn a_fault_is_proven_by_its_name() {
    let done = Folder::new().run("prove no-date").exits(0);
    assert!(done.out.contains("killed, 0 caught by a bystander only, 0 survived, 0 unreached"), "{}", done.out);
    assert!(done.out.contains("proven in "), "{}", done.out);
}

#[test]
fn what_can_not_be_written_or_read_is_found_before_anything_is_tried() {
    let folder = Folder::new();
    folder.write("file", "");
    folder.run("prove --matrix no/such").exits(3).says_one_error(&["can't write no/such/kill-matrix.json", "make the folder"]);
    folder.run("prove --matrix file").exits(3).says_one_error(&["can't write file/kill-matrix.json"]);
    folder.run("prove --check .").exits(2).says_one_error(&["can't read ./kill-matrix.json"]);
}

#[test]
fn a_matrix_of_a_part_and_a_name_of_nothing_are_wrong_usage() {
    let folder = Folder::new();
    folder.run("prove --matrix . no-date").exits(2).says_one_error(&["leave out the names"]);
    folder.run("prove no-such-fault").exits(2).says_one_error(&["`triwire serve --list` names them"]);
}
