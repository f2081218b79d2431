//! `bmae data download` against a server on the loopback address.

use std::thread::JoinHandle;

use tiny_http::{Response, Server};

use crate::folder::Folder;

/// Answers `requests` requests with `status` and `body`.
fn server(requests: usize, status: u16, body: &'static [u8]) -> (String, JoinHandle<()>) {
    let server = Server::http("127.0.0.1:0").expect("a port is free");
    let address = server.server_addr().to_ip().expect("it is an internet address");
    let thread = std::thread::spawn(move || {
        for _ in 0..requests {
            let request = server.recv().expect("a request comes");
            request.respond(Response::from_data(body).with_status_code(status)).expect("it can be answered");
        }
    });
    (format!("http://{address}/cifar.tar.gz"), thread)
}

#[test]
fn what_is_not_the_official_archive_is_deleted() {
    let folder = Folder::new();
    let (url, thread) = server(1, 200, b"not the archive");
    folder
        .run(&["data", "download", "cifar10", "--to", "d", "--url", &url, "-q"])
        .refuses(1, &["MD5", "c32a1d4ab5d03f1284b67883e8d87530", "--url"])
        .leaves_no("d/cifar-10-binary.tar.gz")
        .leaves_no("d/cifar-10-binary.tar.gz.part");
    thread.join().expect("the server ends");
}

#[test]
fn a_server_that_refuses_and_one_that_is_not_there_are_named() {
    let folder = Folder::new();
    let (url, thread) = server(1, 404, b"");
    let download = |url: &str| folder.run(&["data", "download", "cifar100", "--to", "d", "--url", url, "-q"]);
    download(&url).refuses(1, &["status 404", "--url"]);
    thread.join().expect("the server ends");
    // Nobody listens there any more.
    download(&url).refuses(1, &["cannot reach", "network", "--url"]).leaves_no("d/cifar-100-binary.tar.gz");
    download("not a url").refuses(1, &["not a url"]);
}
