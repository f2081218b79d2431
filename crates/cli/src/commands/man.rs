//! `bmae man`.

use std::path::Path;

use bmae_output::claim::{Foreign, check_named_file};
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_train::whole_file::{create_folder, write_whole};
use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use crate::arguments::Arguments;
use crate::ending::Ending;
use crate::output::Output;

/// Writes `bmae.1` and one page for each command, `bmae-pretrain.1` and so on, into the folder `out`.
pub fn run(out: &Path, foreign: Foreign, output: &Output) -> Result<(), Ending> {
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    draw(&command, "bmae", &mut pages)?;
    for (name, _) in &pages {
        check_named_file(&out.join(file_of(name)), foreign, |path| is_page_of(path, name))?;
    }
    create_folder(out)?;
    for (name, page) in &pages {
        write_whole(&out.join(file_of(name)), page.as_bytes())?;
    }
    let pages: Vec<String> = pages.iter().map(|(name, _)| file_of(name)).collect();
    let text = format!(
        "{} in {}; read one with `man {}`",
        count(pages.len(), "page"),
        plain_path(out),
        quoted(out.join("bmae.1"))
    );
    Ok(output.result(&text, &json!({ "out": to_text(out), "pages": pages }))?)
}

/// Adds the page of a command and those of the commands below it, each with its name.
fn draw(command: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) -> Result<(), Ending> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name).render(&mut page)?;
    // What stands below the options begins with them.
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    pages.push((name.to_owned(), page));
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    commands.into_iter().try_for_each(|command| draw(command, &format!("{name}-{}", command.get_name()), pages))
}

fn file_of(name: &str) -> String {
    format!("{name}.1")
}

/// Whether the file is a manual page of this name, of whichever version.
fn is_page_of(path: &Path, name: &str) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| line.starts_with(&format!(".TH {name} 1")))
}
