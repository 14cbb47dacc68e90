//! Folders, processes and sockets that clean up after themselves.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any test needs; a process that still runs then hangs.
const BOUND: Duration = Duration::from_secs(60);

/// A folder of a test, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("triwire-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The cases of the project, to be changed.
    pub fn with_suite(&self) -> &Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        for entry in std::fs::read_dir(source).expect("the cases").map(|entry| entry.expect("an entry").path()) {
            if entry.is_file() {
                let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
                self.write(&format!("cases/{name}"), &std::fs::read_to_string(&entry).expect("a case file"));
            }
        }
        self
    }

    /// `triwire` with these arguments, in this folder.
    pub fn triwire<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triwire"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        for variable in ["TRIWIRE_TOKEN", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"].into_iter().chain(proxies) {
            command.env_remove(variable);
        }
        command
    }

    /// The same from a line of words.
    pub fn run(&self, line: &str) -> Done {
        finish(self.triwire(line.split_whitespace()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a process said and how it ended.
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// The exit status is as it should be; all that was said is shown where not.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// What was said on stderr has all of this.
    #[track_caller]
    pub fn says(self, pieces: &[&str]) -> Self {
        for piece in pieces {
            assert!(self.err.contains(piece), "`{piece}` is not in stderr:\n{}", self.err);
        }
        self
    }

    /// Exactly one line of stderr begins with `error:`.
    #[track_caller]
    pub fn says_one_error(self, pieces: &[&str]) -> Self {
        let errors: Vec<&str> = self.err.lines().filter(|line| line.starts_with("error:")).collect();
        assert_eq!(errors.len(), 1, "stderr:\n{}", self.err);
        self.says(pieces)
    }
}

/// A process that runs.
pub struct Running {
    child: Child,
    out: Option<thread::JoinHandle<String>>,
    err: Option<thread::JoinHandle<()>>,
    said: Arc<Mutex<Vec<u8>>>,
}

/// Starts a process and reads what it says.
pub fn start(mut command: Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let out = child.stdout.take().map(|stream| thread::spawn(move || text(stream)));
    let said = Arc::<Mutex<Vec<u8>>>::default();
    let heard = Arc::clone(&said);
    let err = child.stderr.take().map(|mut stream| {
        thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut octets) {
                heard.lock().expect("no panic").extend_from_slice(&octets[..length]);
            }
        })
    });
    Running { child, out, err, said }
}

/// Runs a process to its end.
pub fn finish(command: Command) -> Done {
    start(command).finish()
}

fn text(mut stream: impl Read) -> String {
    let mut octets = Vec::new();
    let _ = stream.read_to_end(&mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

impl Running {
    /// Waits until it has said something on stderr.
    #[track_caller]
    pub fn until_says(&self, piece: &str) {
        until(piece, || self.said().contains(piece));
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("no panic")).into_owned()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end; a process that hangs is killed and fails the test.
    pub fn finish(mut self) -> Done {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("the process can be waited for") {
                Some(status) => break status,
                None if begun.elapsed() > BOUND => {
                    let _ = self.child.kill();
                    panic!("the process did not end within {BOUND:?}");
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let out = self.out.take().map(|it| it.join().expect("read")).unwrap_or_default();
        if let Some(err) = self.err.take() {
            err.join().expect("read");
        }
        Done { status: status.code().unwrap_or(-1), out, err: self.said() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.out.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal by its name to a process that a test started and has not waited for.
fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().expect("a shell");
    assert!(sent.success(), "the process has ended already");
}

/// `triwire serve` in another process; its token is in `pat.txt` of the folder.
pub struct Serve {
    child: Child,
    pub url: String,
}

impl Serve {
    pub fn start(folder: &Folder, options: &str) -> Self {
        let arguments = ["serve", "--token-out", "pat.txt"].into_iter().chain(options.split_whitespace());
        let mut child = folder.triwire(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let url = line.split_whitespace().nth(1).unwrap_or_else(|| panic!("an address in `{line}`")).to_owned();
        Self { child, url }
    }

    /// Host and port.
    pub fn place(&self) -> &str {
        self.url.split("://").nth(1).expect("an address")
    }

    /// It takes connections, and answers nothing.
    pub fn suspend(&self) {
        signal(self.child.id(), "STOP");
    }

    /// It goes on.
    pub fn resume(&self) {
        signal(self.child.id(), "CONT");
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A listener that nobody may connect to.
pub struct Untouched(TcpListener);

impl Untouched {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that doesn't wait");
        Self(listener)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    /// Nothing was sent.
    #[track_caller]
    pub fn check(&self) {
        match self.0.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => panic!("somebody connected: {other:?}"),
        }
    }
}

/// A port on which nobody listens.
pub fn dead_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

/// In front of a target: takes HTTP/1.1 connections through and closes those of HTTP/2.
pub fn without_h2(target: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let target = target.to_owned();
    // Ends with the process of the tests.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let target = target.clone();
            thread::spawn(move || forward(client, &target));
        }
    });
    url
}

fn forward(mut client: TcpStream, target: &str) {
    let mut first = [0; 3];
    if client.read_exact(&mut first).is_err() || &first == b"PRI" {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target) else { return };
    let (Ok(mut back), Ok(mut answers)) = (client.try_clone(), server.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    let _ = server.write_all(&first).and_then(|()| std::io::copy(&mut client, &mut server).map(|_| ()));
    let _ = server.shutdown(std::net::Shutdown::Write);
}

/// In front of a target: takes HTTP/1.1 connections through, but closes those that ask for an organization or a user, and counts them.
pub fn without_provisioning(target: &str) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (target, calls) = (target.to_owned(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&calls);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (target, calls) = (target.clone(), Arc::clone(&counted));
            thread::spawn(move || filtered(client, &target, &calls));
        }
    });
    (url, calls)
}

fn filtered(mut client: TcpStream, target: &str, calls: &AtomicU32) {
    let Ok(mut server) = TcpStream::connect(target) else { return };
    let (Ok(mut back), Ok(mut answers)) = (client.try_clone(), server.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    let mut octets = [0; 16 * 1024];
    while let Ok(length @ 1..) = client.read(&mut octets) {
        let text = String::from_utf8_lossy(&octets[..length]);
        if text.starts_with("PRI ") || ["/management/v1/orgs", "/management/v1/users"].iter().any(|path| text.contains(path)) {
            calls.fetch_add(u32::from(!text.starts_with("PRI ")), Ordering::Relaxed);
            break;
        }
        if server.write_all(&octets[..length]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Both);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < BOUND, "{what} did not come within {BOUND:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The answer to a GET of the login policy of an organization, as text.
pub fn login_policy(place: &str, token: &str, organization: &str) -> String {
    ask(place, token, "GET /management/v1/policies/login", organization)
}

/// The answer to a call without content in an organization, as text.
pub fn ask(place: &str, token: &str, call: &str, organization: &str) -> String {
    let mut stream = TcpStream::connect(place).expect("the target listens");
    let request = format!(
        "{call} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Bearer {}\r\nx-zitadel-orgid: {organization}\r\n\r\n",
        token.trim()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    text(stream)
}
