//! Against a server on the loopback address that says exactly what each test wants.

use crate::error::DownloadError;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;

/// Answers each request (given the first byte that it asks for) with raw bytes, and closes the connection.
struct Server {
    url: String,
    ranges: Receiver<Option<u64>>,
}

impl Server {
    fn start(answer: impl Fn(Option<u64>) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on the loopback address");
        let url = format!("http://{}/archive", listener.local_addr().expect("an address"));
        let (sender, ranges) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let range = requested_range(&stream);
                let _ = sender.send(range);
                // A client that hangs up early is the client's own affair.
                let _ = stream.write_all(&answer(range));
            }
        });
        Self { url, ranges }
    }

    /// The first byte that each request so far asked for.
    fn requests(&self) -> Vec<Option<u64>> {
        self.ranges.try_iter().collect()
    }

    fn archive(&self) -> Archive {
        Archive {
            name: "a test".into(),
            file_name: "a.tar.gz".into(),
            url: self.url.clone(),
            md5: md5(&contents()),
            bytes: contents().len() as u64,
        }
    }
}

fn requested_range(stream: &TcpStream) -> Option<u64> {
    let mut range = None;
    for line in BufReader::new(stream).lines() {
        let line = line.expect("a line of the request").to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(first) = line.strip_prefix("range: bytes=").and_then(|range| range.strip_suffix('-')) {
            range = Some(first.parse().expect("a number"));
        }
    }
    range
}

fn contents() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn whole(body: &[u8]) -> Vec<u8> {
    answer("200 OK", &format!("Content-Length: {}\r\n", body.len()), body)
}

fn from(start: u64, body: &[u8]) -> Vec<u8> {
    let (length, rest) = (body.len() as u64, &body[start as usize..]);
    let headers = format!("Content-Length: {}\r\nContent-Range: bytes {start}-{}/{length}\r\n", rest.len(), length - 1);
    answer("206 Partial Content", &headers, rest)
}

fn quiet(archive: &Archive, folder: &Path) -> Result<Outcome, DataError> {
    download(archive, folder, &mut |_, _| {})
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
    names.sort();
    names
}

#[test]
fn an_archive_is_fetched_verified_and_named() {
    let server = Server::start(|_| whole(&contents()));
    let folder = folder();
    let inner = folder.path().join("made/if/need/be");
    let mut seen = Vec::new();
    let outcome = download(&server.archive(), &inner, &mut |done, total| seen.push((done, total)));
    assert_eq!(outcome.expect("a download"), Outcome::Downloaded(inner.join("a.tar.gz")));
    assert_eq!(fs::read(inner.join("a.tar.gz")).expect("the archive"), contents());
    assert_eq!(names(&inner), ["a.tar.gz"]);
    assert_eq!(seen.first(), Some(&(0, Some(300_000))));
    assert_eq!(seen.last(), Some(&(300_000, Some(300_000))));
    assert!(seen.is_sorted());
}

#[test]
fn an_archive_that_is_there_is_verified_and_not_fetched() {
    let server = Server::start(|_| whole(&contents()));
    let folder = folder();
    let path = folder.path().join("a.tar.gz");
    fs::write(&path, contents()).expect("room");
    assert_eq!(quiet(&server.archive(), folder.path()).expect("nothing to do"), Outcome::AlreadyPresent(path));
    assert_eq!(server.requests(), []);
}

#[test]
fn another_file_of_that_name_is_left_alone() {
    let server = Server::start(|_| whole(&contents()));
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz"), "mine").expect("room");
    let error = quiet(&server.archive(), folder.path()).expect_err("a stranger").to_string();
    assert!(error.contains(&md5(b"mine")) && error.contains("exists already"), "{error}");
    assert_eq!(fs::read(folder.path().join("a.tar.gz")).expect("still there"), b"mine");
}

#[test]
fn a_part_is_continued_where_it_ends() {
    let server = Server::start(|range| from(range.expect("a range"), &contents()));
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz.part"), &contents()[..1234]).expect("room");
    let mut first = None;
    download(&server.archive(), folder.path(), &mut |done, total| {
        first.get_or_insert((done, total));
    })
    .expect("the rest");
    assert_eq!(server.requests(), [Some(1234)]);
    assert_eq!(first, Some((1234, Some(300_000))));
    assert_eq!(fs::read(folder.path().join("a.tar.gz")).expect("the archive"), contents());
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let server = Server::start(|_| whole(&contents()));
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz.part"), &contents()[..1234]).expect("room");
    quiet(&server.archive(), folder.path()).expect("the whole");
    assert_eq!(fs::read(folder.path().join("a.tar.gz")).expect("the archive"), contents());
}

#[test]
fn a_part_that_is_whole_already_is_recognised() {
    let server = Server::start(|_| answer("416 Range Not Satisfiable", "Content-Length: 0\r\n", &[]));
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz.part"), contents()).expect("room");
    quiet(&server.archive(), folder.path()).expect("the part");
    assert_eq!(server.requests(), [Some(300_000)]);
    assert_eq!(names(folder.path()), ["a.tar.gz"]);
}

#[test]
fn a_part_of_something_longer_is_fetched_anew() {
    let server = Server::start(|range| match range {
        Some(_) => answer("416 Range Not Satisfiable", "Content-Length: 0\r\n", &[]),
        None => whole(&contents()),
    });
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz.part"), vec![7; 400_000]).expect("room");
    quiet(&server.archive(), folder.path()).expect("the whole");
    assert_eq!(server.requests(), [Some(400_000), None]);
    assert_eq!(fs::read(folder.path().join("a.tar.gz")).expect("the archive"), contents());
}

#[test]
fn a_wrong_sum_names_both_and_leaves_nothing() {
    let server = Server::start(|_| whole(b"something else"));
    let folder = folder();
    let error = quiet(&server.archive(), folder.path()).expect_err("other bytes").to_string();
    assert!(error.contains(&md5(b"something else")) && error.contains(&md5(&contents())), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_cut_connection_keeps_what_came_and_the_next_call_continues() {
    let server = Server::start(|range| match range {
        None => {
            let mut cut = whole(&contents());
            cut.truncate(cut.len() - 100_000);
            cut
        }
        Some(start) => from(start, &contents()),
    });
    let folder = folder();
    let error = quiet(&server.archive(), folder.path()).expect_err("a cut connection").to_string();
    assert!(error.contains("after 200000 of 300000 bytes") && error.contains("Peer disconnected"), "{error}");
    assert_eq!(names(folder.path()), ["a.tar.gz.part"]);
    quiet(&server.archive(), folder.path()).expect("the rest");
    assert_eq!(server.requests(), [None, Some(200_000)]);
    assert_eq!(fs::read(folder.path().join("a.tar.gz")).expect("the archive"), contents());
}

#[test]
fn a_server_that_never_stops_is_left_when_the_archive_would_be_whole() {
    let endless = || [answer("200 OK", "", &contents()), vec![0; 8 << 20]].concat();
    let server = Server::start(move |_| endless());
    let folder = folder();
    let mut most = 0;
    let outcome = download(&server.archive(), folder.path(), &mut |done, _| most = done);
    let error = outcome.expect_err("endless").to_string();
    assert!(error.contains("has 300000 bytes, this more") && !error.contains('\n'), "{error}");
    assert!(most <= 300_000, "{most} bytes were kept");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn what_is_told_to_be_longer_than_the_archive_is_not_fetched() {
    for answer in [
        answer("200 OK", "Content-Length: 99000000000\r\n", &[7; 1000]),
        answer("206 Partial Content", "Content-Range: bytes 1234-99/99000000000\r\n", &[7; 1000]),
    ] {
        let server = Server::start(move |_| answer.clone());
        let folder = folder();
        fs::write(folder.path().join("a.tar.gz.part"), &contents()[..1234]).expect("room");
        let error = quiet(&server.archive(), folder.path()).expect_err("too long").to_string();
        assert!(error.contains("has 300000 bytes, this 99000000000"), "{error}");
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }
}

/// Answers each request with the beginning of the archive, and goes on with a byte after each pause; for an hour.
fn trickling(pause: Duration) -> Archive {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on the loopback address");
    let url = format!("http://{}/archive", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        requested_range(&stream);
        let mut begun = whole(&contents());
        begun.truncate(1000);
        while stream.write_all(&begun).is_ok() {
            begun = vec![0];
            thread::sleep(pause);
        }
    });
    let md5 = md5(&contents());
    Archive { name: "a test".into(), file_name: "a.tar.gz".into(), url, md5, bytes: contents().len() as u64 }
}

#[test]
fn a_server_that_hangs_or_trickles_is_left_and_what_came_is_kept() {
    let patience = Patience { answer: Duration::from_millis(300), progress: Duration::from_millis(600) };
    for (pause, why) in [(Duration::from_secs(3600), "timeout"), (Duration::from_millis(20), "next to nothing")] {
        let archive = trickling(pause);
        let folder = folder();
        let outcome = download_within(patience, &archive, folder.path(), &mut |_, _| ());
        let error = outcome.expect_err("no end").to_string();
        assert!(error.contains("broke off after") && error.contains(why), "{error}");
        assert_eq!(names(folder.path()), ["a.tar.gz.part"]);
    }
}

#[test]
fn a_range_that_was_not_asked_for_is_refused() {
    let server = Server::start(|_| from(7, &contents()));
    let folder = folder();
    fs::write(folder.path().join("a.tar.gz.part"), &contents()[..1234]).expect("room");
    quiet(&server.archive(), folder.path()).expect_err("another range");
    assert_eq!(fs::read(folder.path().join("a.tar.gz.part")).expect("kept").len(), 1234);
}

#[test]
fn a_missing_file_is_named_with_its_status() {
    let server = Server::start(|_| answer("404 Not Found", "Content-Length: 0\r\n", &[]));
    let folder = folder();
    let error = quiet(&server.archive(), folder.path()).expect_err("no such file").to_string();
    assert!(error.contains("404") && error.contains(&server.url), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn without_a_server_the_error_is_one_sentence_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/archive", listener.local_addr().expect("an address"));
    drop(listener);
    let folder = folder();
    let archive = Archive { url: url.clone(), ..Archive::official(CifarSet::Cifar10) };
    let error = quiet(&archive, folder.path()).expect_err("nobody listens").to_string();
    assert!(error.contains(&url) && error.contains("cannot reach") && !error.contains('\n'), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn what_is_no_url_is_called_so() {
    let folder = folder();
    for url in ["", "not a url", "/just/a/path"] {
        let archive = Archive { url: url.to_owned(), ..Archive::official(CifarSet::Cifar10) };
        let error = quiet(&archive, folder.path()).expect_err("no address");
        assert!(matches!(error, DataError::Download(DownloadError::InvalidUrl { .. })), "{url:?}: {error}");
    }
}

#[test]
fn two_downloads_do_not_write_to_one_file() {
    let server = Server::start(|_| whole(&contents()));
    let folder = folder();
    let _other = Part::open(&folder.path().join("a.tar.gz.part")).expect("the first");
    let error = quiet(&server.archive(), folder.path()).expect_err("the second");
    assert!(matches!(error, DataError::Download(DownloadError::Busy { .. })), "{error}");
}

#[test]
fn the_official_archives_are_those_of_the_design() {
    assert_eq!(Archive::official(CifarSet::Cifar10).url, "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz");
    assert_eq!(Archive::official(CifarSet::Cifar100).url, "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz");
    assert_eq!(Archive::official(CifarSet::Cifar100).md5.len(), 32);
}
