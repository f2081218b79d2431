//! What a person sees, at several sizes.

use std::sync::LazyLock;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tempfile::TempDir;

use super::*;
use crate::app::KeyEffect;
use crate::options::Options;
use crate::runs::Runs;
use crate::sample::{lock, losses, run, top1s};

/// One moment for all, so that remaining times do not count down.
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

const OPTIONS: Options = Options { command: "bmae watch", every: Duration::from_secs(1), colour: true };

fn app(folder: &TempDir) -> App {
    App::new(Runs::open(&[folder.path().to_owned()], *NOW).unwrap(), OPTIONS)
}

fn terminal(app: &App, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, *NOW)).unwrap();
    terminal
}

fn screen(app: &App, width: u16, height: u16) -> Vec<String> {
    let terminal = terminal(app, width, height);
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer.cell((x, y)).unwrap().symbol()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

fn press(app: &mut App, code: KeyCode) -> KeyEffect {
    app.key(KeyEvent::from(code), *NOW)
}

fn example() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mae = run(folder.path(), "mae/pretrain", "pretrain", "epochs = 8\nfinished = true");
    losses(&mae, &[3.0, 2.0, 1.0, 0.5, 0.4, 0.3, 0.25, 0.2]);
    let mae_k = run(folder.path(), "mae-k/pretrain", "pretrain", "epochs = 10");
    losses(&mae_k, &[2.0, 1.5, 0.0, 0.5]);
    let probe = run(folder.path(), "mae/linprobe", "linprobe", "epochs = 4\nfailed = \"the disk is full: make room\"");
    top1s(&probe, &[20.0, 31.5]);
    folder
}

fn has_curves(screen: &[String]) -> bool {
    screen.iter().any(|line| line.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)))
}

#[test]
fn at_80_columns_list_curves_legend_marks_and_keys_are_there() {
    let folder = example();
    let _held = lock(&folder.path().join("mae-k/pretrain"));
    let screen = screen(&app(&folder), 80, 24);
    assert_eq!(screen[0], "bmae watch  1 running, 1 finished, 1 failed");
    assert_eq!(screen[1], "   run   stage    seed state                 epoch latest img/s left   best");
    assert_eq!(screen[2], " a mae   pretrain    0 finished ████████████   8/8 0.2000   512");
    assert_eq!(screen[3], " a!mae   linprobe    0 failed   ██████······   2/4 31.50%            31.50%");
    assert_eq!(screen[4], ">b mae-k pretrain    0 running  ████▊·······  4/10 0.5000   512 12 s");
    assert_eq!(screen[6], " loss  top-1  rate  images/s  neighbours  RankMe  spread  gradient");
    assert_eq!(screen[7], " loss  b mae-k 0.5000  a mae 0.2000", "the selected run first");
    assert_eq!(screen[8].split_whitespace().collect::<String>(), "targets", "the switch of the selected run");
    assert!(has_curves(&screen));
    assert_eq!(screen[21].split_whitespace().collect::<Vec<_>>(), ["epoch", "2", "4", "6", "8"]);
    assert_eq!(screen[22], "mae linprobe seed 0 failed: the disk is full: make room");
    assert!(screen[23].starts_with("q quit · ? help"));
}

#[test]
fn at_40_columns_what_is_needed_most_is_there() {
    let folder = example();
    let _held = lock(&folder.path().join("mae-k/pretrain"));
    let screen = screen(&app(&folder), 40, 24);
    assert_eq!(screen[1], "   run   stage state epoch latest left");
    assert_eq!(screen[4], ">b mae-k pre   runs   4/10 0.5000 12 s");
    assert_eq!(screen[6], " gradient < loss > top-1");
    assert!(has_curves(&screen));
    assert_eq!(screen[22], "mae linprobe seed 0 failed: the … w: all");
}

#[test]
fn no_size_is_too_small() {
    let folder = example();
    let mut app = app(&folder);
    for over in [None, Some(Overlay::Help), Some(Overlay::Message)] {
        app.overlay = over;
        for metric in 0..8 {
            for (width, height) in (1..30).flat_map(|height| [1, 2, 5, 13, 40, 79, 200].map(|width| (width, height))) {
                screen(&app, width, height);
            }
            app.overlay = None;
            press(&mut app, if metric % 2 == 0 { KeyCode::Tab } else { KeyCode::Char('l') });
            app.overlay = over;
        }
    }
}

#[test]
fn any_number_that_a_run_may_log_can_be_drawn() {
    for values in [vec![1e308, -1e308, 0.0], vec![1e-320, 2e-320], vec![5.0], vec![0.0, 0.0], vec![-3.0, -3.0], vec![]]
    {
        let folder = tempfile::tempdir().unwrap();
        losses(&run(folder.path(), "a", "pretrain", "epochs = 8"), &values);
        top1s(&run(folder.path(), "b", "finetune", "epochs = 8"), &values);
        let mut app = app(&folder);
        for key in [KeyCode::Up, KeyCode::Char('l'), KeyCode::Down, KeyCode::Char('l')] {
            press(&mut app, key);
            for (width, height) in [(80, 24), (40, 24), (20, 12)] {
                screen(&app, width, height);
            }
        }
    }
}

#[test]
fn a_folder_without_runs_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let screen = screen(&app(&folder), 80, 24).join(" ");
    assert!(screen.contains("yet: waiting for the first one to write its run.toml"), "{screen}");
}

#[test]
fn the_reason_of_a_failure_of_the_selected_run_is_shown_whole() {
    let folder = example();
    let mut app = app(&folder);
    press(&mut app, KeyCode::Down);
    let lines = screen(&app, 40, 24);
    assert_eq!(lines[21..23], ["mae linprobe seed 0 failed: the disk is", "full: make room"]);
    let terminal = terminal(&app, 80, 24);
    let cell = terminal.backend().buffer().cell((0, 22)).unwrap();
    assert_eq!((cell.symbol(), cell.fg), ("m", ratatui::style::Color::Red));
}

#[test]
fn an_announced_collapse_is_shown() {
    let folder = example();
    let line = r#"{"kind":"epoch","epoch":4,"loss":0.1,"collapse":"all predictions are the same"}"#;
    let metrics = folder.path().join("mae-k/pretrain/metrics.jsonl");
    let text = std::fs::read_to_string(&metrics).unwrap();
    std::fs::write(metrics, format!("{text}{line}\n")).unwrap();
    let mut app = app(&folder);
    press(&mut app, KeyCode::End);
    let screen = screen(&app, 80, 24);
    assert_eq!(screen[22], "mae-k pretrain seed 0, after 5 epochs: all predictions are the same");
    assert!(screen[4].starts_with(">b!mae-k"), "{}", screen[4]);
}

/// The example with a collapse of its last run announced in a long sentence.
fn collapsed() -> TempDir {
    let folder = example();
    let advice = "the representation is collapsing (the features' effective rank fell from 60.0 to 5.9): try a longer pixel \
                  warm-up (method.wse or method.k), a slower target (a smaller method.tau, a larger method.k), or \
                  normalisation = 'layer-norm' on the targets";
    let line = format!(r#"{{"kind":"epoch","epoch":4,"loss":0.1,"collapse":"{advice}"}}"#);
    let metrics = folder.path().join("mae-k/pretrain/metrics.jsonl");
    let text = std::fs::read_to_string(&metrics).unwrap();
    std::fs::write(metrics, format!("{text}{line}\n")).unwrap();
    std::fs::remove_dir_all(folder.path().join("mae/linprobe")).unwrap();
    folder
}

/// What is on the screen, without frames and on one line.
fn flat(lines: &[String]) -> String {
    lines.join(" ").replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn w_shows_all_of_a_warning_that_was_cut_and_any_key_closes_it() {
    let folder = collapsed();
    let mut app = app(&folder);
    let cut = screen(&app, 90, 24);
    assert!(cut[22].ends_with("… w: all"), "{}", cut[22]);
    press(&mut app, KeyCode::Char('w'));
    for (width, height) in [(90, 24), (80, 24), (40, 16)] {
        let whole = flat(&screen(&app, width, height));
        assert!(whole.contains("(the features' effective rank fell from 60.0 to 5.9): try a longer"), "{whole}");
        assert!(whole.contains("or normalisation = 'layer-norm' on the targets"), "{whole}");
    }
    assert_eq!(press(&mut app, KeyCode::Char('x')), KeyEffect::Draw);
    assert_eq!(screen(&app, 90, 24), cut);
}

#[test]
fn a_warning_of_the_selected_run_takes_as_many_lines_as_it_needs() {
    let folder = collapsed();
    let mut app = app(&folder);
    press(&mut app, KeyCode::End);
    for (width, height) in [(90, 24), (80, 24), (60, 40)] {
        let lines = flat(&screen(&app, width, height));
        assert!(lines.contains("after 5 epochs: the representation is collapsing (the features' effective"), "{lines}");
        assert!(lines.contains("or normalisation = 'layer-norm' on the targets"), "{lines}");
    }
}

#[test]
fn what_is_too_long_for_any_screen_names_the_command_that_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let failed = format!("epochs = 8\nfailed = \"{}\"", "a long story ".repeat(300));
    run(folder.path(), "a", "pretrain", &failed);
    let mut app = app(&folder);
    press(&mut app, KeyCode::Char('w'));
    let whole = flat(&screen(&app, 80, 24));
    assert!(whole.contains("… the rest: bmae watch ") && whole.contains("/a | less"), "{whole}");
}

#[test]
fn a_list_that_is_longer_than_its_room_says_which_runs_are_in_sight() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..39 {
        losses(&run(folder.path(), &format!("r{i:02}"), "pretrain", "epochs = 8"), &[3.0]);
    }
    let mut app = app(&folder);
    assert_eq!(screen(&app, 80, 24)[0], "bmae watch  1-6 of 39 ▼  39 stopped");
    for _ in 0..9 {
        press(&mut app, KeyCode::Down);
    }
    let lines = screen(&app, 80, 24);
    assert_eq!(lines[0], "bmae watch  8-13 of 39 ▲ ▼  39 stopped");
    assert!(lines[2].contains("r07") && lines[7].contains("r12"), "{lines:?}");
    press(&mut app, KeyCode::End);
    assert_eq!(screen(&app, 40, 24)[0], "bmae watch  34-39 of 39 ▲  39 stopped");
    assert_eq!(screen(&app, 80, 80)[0], "bmae watch  39 stopped", "all are in sight");
}

#[test]
fn list_and_legend_say_the_same_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"kind":"step","epoch":0,"epoch_1000x":0,"loss":9.0,"images_per_s":100.0}"#,
        r#"{"kind":"epoch","epoch":0,"wall_s":2,"loss":5.0,"images_per_s":300.0}"#,
        r#"{"kind":"step","epoch":1,"epoch_1000x":1500,"loss":2.0,"images_per_s":400.0}"#,
        r#"{"kind":"epoch","epoch":1,"wall_s":4,"loss":3.0,"images_per_s":500.0}"#,
        r#"{"kind":"step","epoch":2,"epoch_1000x":2500,"loss":1.0,"images_per_s":600.0}"#,
    ];
    for (logged, loss, speed) in [(1, "9.000", "100"), (2, "9.000", "100"), (3, "2.000", "400"), (5, "3.000", "500")] {
        let directory = run(folder.path(), "a", "pretrain", "epochs = 8");
        std::fs::write(directory.join("metrics.jsonl"), lines[..logged].join("\n") + "\n").unwrap();
        let mut app = app(&folder);
        let lines = screen(&app, 80, 24);
        let cells: Vec<&str> = lines[2].split_whitespace().rev().take(2).collect();
        assert_eq!(cells, [speed, loss], "{logged} lines");
        assert!(lines.contains(&format!(" loss  a a {loss}")), "{lines:?}");
        for _ in 0..3 {
            press(&mut app, KeyCode::Tab);
        }
        let lines = screen(&app, 80, 24);
        assert!(lines.contains(&format!(" throughput in images/s  a a {speed}.0")), "{lines:?}");
    }
}

#[test]
fn a_zero_on_a_logarithmic_scale_is_left_out_and_said_so() {
    let folder = example();
    let mut app = app(&folder);
    press(&mut app, KeyCode::Char('l'));
    let lines = screen(&app, 80, 24);
    assert_eq!(lines[7], " loss, log, 1 at or below zero left out  a mae 0.2000  b mae-k 0.5000");
    assert!(has_curves(&lines));
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    let lines = screen(&app, 80, 24).join("\n");
    assert!(lines.contains("learning rate: no value above zero"), "{lines}");
}

#[test]
fn without_colour_nothing_is_coloured() {
    let folder = example();
    let mut app = app(&folder);
    app.options.colour = false;
    let terminal = terminal(&app, 80, 24);
    let reset = ratatui::style::Color::Reset;
    assert!(terminal.backend().buffer().content().iter().all(|cell| cell.fg == reset && cell.bg == reset));
}

#[test]
fn an_evaluation_is_first_looked_at_for_its_accuracy() {
    let folder = example();
    let mut app = app(&folder);
    press(&mut app, KeyCode::Down);
    assert_eq!(screen(&app, 80, 24)[7], " top-1 accuracy in %  a mae 31.50");
}

#[test]
fn space_hides_a_curve_and_shows_it_again() {
    let folder = example();
    let mut app = app(&folder);
    press(&mut app, KeyCode::Char(' '));
    let lines = screen(&app, 80, 24);
    assert_eq!((lines[2].get(..9), lines[7].as_str()), (Some(">· mae  "), " loss  b mae-k 0.5000"));
    press(&mut app, KeyCode::Char(' '));
    assert_eq!(screen(&app, 80, 24)[7], " loss  a mae 0.2000  b mae-k 0.5000");
    press(&mut app, KeyCode::Char('o'));
    assert_eq!(screen(&app, 80, 24)[7], " loss  a mae 0.2000");
}

#[test]
fn keys_select_and_quit_and_help_is_closed_by_any() {
    let folder = example();
    let mut app = app(&folder);
    press(&mut app, KeyCode::Char('j'));
    assert_eq!(app.place(), 1);
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Char('k'));
    assert_eq!(app.place(), 0);
    press(&mut app, KeyCode::Char('?'));
    assert!(screen(&app, 80, 24).iter().any(|line| line.contains("switch: pixels to features")));
    assert_eq!(press(&mut app, KeyCode::Esc), KeyEffect::Draw);
    assert_eq!(press(&mut app, KeyCode::Esc), KeyEffect::Quit);
    assert_eq!(press(&mut app, KeyCode::Char('q')), KeyEffect::Quit);
    assert_eq!(press(&mut app, KeyCode::F(5)), KeyEffect::Nothing);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.key(interrupt, *NOW), KeyEffect::Quit);
}

#[test]
fn the_run_at_work_is_selected_until_a_key_selects_another() {
    let folder = example();
    let _held = lock(&folder.path().join("mae/linprobe"));
    let app = app(&folder);
    assert_eq!(app.selected().unwrap().title(), "mae linprobe seed 0");
}

#[test]
fn what_was_measured_once_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    top1s(&run(folder.path(), "mae/knn", "knn", "finished = true"), &[62.1]);
    let screen = screen(&app(&folder), 80, 24);
    assert_eq!(screen[5], "top-1 accuracy in %, measured once: mae knn seed 0 62.10");
}

#[test]
fn names_cannot_send_commands_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), "a", "pretrain", "epochs = 8\nfailed = \"\\u001b]0;owned\\u0007\"");
    losses(&directory, &[1.0]);
    let screen = screen(&app(&folder), 80, 24).join("");
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{7}'));
}
