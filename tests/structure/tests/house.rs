//! What holds of every crate's sources. `cargo test -p bmae-structure -- --nocapture` prints it crate by crate.

use bmae_structure::folders::by_folder;
use bmae_structure::modules::Crate;
use bmae_structure::sources::Sources;

/// Demands that `check` finds nothing in any crate; prints a line for each crate, and what was found below it.
fn nothing_found(what: &str, check: impl Fn(&str, &Crate) -> Vec<String>) {
    let mut findings = Vec::new();
    for sources in Sources::of_workspace() {
        let parsed = Crate::new(&sources);
        let found = check(&sources.name, &parsed);
        let count = if found.is_empty() { format!("no {what}") } else { format!("{what}: {}", found.len()) };
        findings.push(format!("{}: {} files, {count}", sources.name, parsed.files.len()));
        findings.extend(found.iter().map(|line| format!("    {line}")));
    }
    let text = findings.join("\n");
    assert!(!text.contains("\n    "), "{what}:\n{text}");
    println!("{text}");
}

#[test]
fn no_circles_between_the_files_of_a_crate() {
    nothing_found("circles between files", |_, parsed| parsed.dependencies().circles());
}

#[test]
fn no_circles_between_the_folders_of_a_crate() {
    nothing_found("circles between folders", |_, parsed| {
        let mut found = Vec::new();
        for (folder, graph) in by_folder(&parsed.dependencies()) {
            // Between files alone, it is found above.
            let circles = graph.circles().into_iter().filter(|circle| circle.split(": ").next().unwrap().contains('/'));
            found.extend(circles.map(|circle| format!("in src/{folder}: {circle}")));
        }
        found
    });
}

#[test]
fn libraries_do_not_name_the_command_line() {
    nothing_found("texts that name the command line", |name, parsed| match name {
        "cli" => Vec::new(),
        _ => parsed.command_line_texts(name),
    });
}

#[test]
fn no_two_types_of_a_crate_have_one_name() {
    nothing_found("names of two types", |_, parsed| parsed.shared_type_names());
}
