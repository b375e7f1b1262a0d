//! A stand-in for AWS: a small HTTP server that speaks the protocols of the services that `posture` asks.
//!
//! It serves any function from a call to a reply; [`account`] makes one from a snapshot, so that a saved account can be
//! scanned live. Nothing of the SDK or of the collectors is used here: the two sides can only agree by both being right.

pub(crate) mod account;
mod cbor;
mod names;
pub(crate) mod organization;
mod protocol;
pub(crate) mod regions;
pub(crate) mod relay;
mod routes;
mod xml;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use protocol::Call;

/// What the server answers to a call.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// An answer, in the shape that the AWS CLI prints.
    Answer(Value),
    /// A refusal: HTTP status, error code, message.
    Refusal(u16, String, String),
    /// S3's redirect to the Region that a bucket is in.
    Elsewhere(&'static str),
    /// A refusal that says in which time to come again, in seconds.
    Later(u32),
    /// An answer that went wrong on its way.
    Broken(Broken),
}

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Status 500 with a page that is no API answer.
    ServerError,
    /// A success whose body ends in the middle.
    Truncated,
    /// A success whose body is nonsense.
    Garbage,
    /// A success of another content type, as a captive portal sends it.
    WrongType,
    /// A success without a body.
    Empty,
    /// No answer, for longer than anyone waits.
    Hang,
    /// The connection is closed instead of an answer.
    Reset,
}

/// A refusal as AWS words it.
pub(crate) fn refusal(code: &str) -> Reply {
    let status = if code.starts_with("AccessDenied") { 403 } else { 400 };
    Reply::Refusal(status, code.to_owned(), format!("{code}, says the stub"))
}

type Answers = dyn Fn(&Call) -> Reply + Send + Sync;
/// The calls so far. Those that were made before are kept once.
type Log = Mutex<Vec<Arc<Call>>>;
/// Calls and answers as they are sent, by what was asked.
type Known = Mutex<HashMap<Vec<u8>, (Arc<Call>, Arc<Vec<u8>>)>>;

/// A running server. Its threads end with the test process.
pub(crate) struct Stub {
    port: u16,
    calls: Arc<Log>,
}

impl Stub {
    pub(crate) fn serve(answers: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        Self::listen(move |stream, log| converse(stream, log, &*answers))
    }

    /// A server that takes its time for each call, as a network does, and hardly any of the processor's: what was asked
    /// before is answered from memory. For measurements.
    pub(crate) fn replay(delay: Duration, answers: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let known: Arc<Known> = Arc::default();
        Self::listen(move |stream, log| repeat(stream, log, delay, &known, &*answers))
    }

    fn listen(talk: impl Fn(&TcpStream, &Log) -> std::io::Result<()> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, talk) = (Arc::clone(&log), talk.clone());
                // A client that goes away in the middle is part of the tests, not a failure of the server.
                std::thread::spawn(move || drop(talk(&stream, &log)));
            }
        });
        Self { port, calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The calls so far, retries included.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().iter().map(|call| call.as_ref().clone()).collect()
    }
}

/// One HTTP request, as far as the protocols need it.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Request {
    /// What tells it from requests for something else, whenever they were signed.
    fn key(&self) -> Vec<u8> {
        let scope =
            self.header("authorization").and_then(|text| text.split(", SignedHeaders").next()).unwrap_or_default();
        // Without the key's id and the day.
        let scope: Vec<&str> = scope.split('/').skip(2).collect();
        let target = self.header("x-amz-target").unwrap_or_default();
        let account = self.header("x-amz-account-id").unwrap_or_default();
        let mut key = [self.method.as_str(), &self.path, &scope.join("/"), target, account].join("\n").into_bytes();
        key.extend_from_slice(&self.body);
        key
    }
}

/// One HTTP answer.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

fn converse(stream: &TcpStream, log: &Log, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut input)? {
        let call = Call::of(&request);
        log.lock().unwrap().push(Arc::new(call.clone()));
        match answers(&call) {
            Reply::Answer(answer) => write_response(stream, &call.answer(&answer), 1.0)?,
            Reply::Refusal(status, code, message) => {
                write_response(stream, &call.refusal(status, &code, &message), 1.0)?;
            }
            Reply::Elsewhere(region) => {
                let mut response = call.refusal(301, "PermanentRedirect", "the bucket must be addressed elsewhere");
                response.headers.push(("x-amz-bucket-region", region.to_owned()));
                write_response(stream, &response, 1.0)?;
            }
            Reply::Later(seconds) => {
                let mut response = call.refusal(503, "ServiceUnavailable", "come again later");
                response.headers.push(("retry-after", seconds.to_string()));
                write_response(stream, &response, 1.0)?;
            }
            Reply::Broken(broken) => return break_answer(stream, broken),
        }
    }
    Ok(())
}

fn repeat(mut stream: &TcpStream, log: &Log, delay: Duration, known: &Known, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut input)? {
        let due = Instant::now() + delay;
        let key = request.key();
        let before = known.lock().unwrap().get(&key).cloned();
        let (call, answer) = before.unwrap_or_else(|| {
            let call = Call::of(&request);
            let response = match answers(&call) {
                Reply::Answer(answer) => call.answer(&answer),
                Reply::Refusal(status, code, message) => call.refusal(status, &code, &message),
                other => panic!("{other:?} is not for measurements"),
            };
            let answered = (Arc::new(call), Arc::new(response.bytes(1.0)));
            known.lock().unwrap().insert(key, answered.clone());
            answered
        });
        log.lock().unwrap().push(call);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(&answer)?;
    }
    Ok(())
}

fn break_answer(stream: &TcpStream, broken: Broken) -> std::io::Result<()> {
    let response = |status, kind: &str, body: &str| Response {
        status,
        headers: vec![("content-type", kind.to_owned())],
        body: body.as_bytes().to_vec(),
    };
    let page = "<!doctype html><title>Sign in</title><p>Welcome to the hotel";
    match broken {
        Broken::ServerError => write_response(stream, &response(500, "text/html", page), 1.0),
        Broken::Truncated => {
            write_response(stream, &response(200, "application/json", "{\"Truncated\": [1, 2, 3"), 0.5)
        }
        Broken::Garbage => write_response(stream, &response(200, "application/json", "\u{1}\u{2}{[<nonsense"), 1.0),
        Broken::WrongType => write_response(stream, &response(200, "text/html", page), 1.0),
        Broken::Empty => write_response(stream, &response(200, "application/json", ""), 1.0),
        Broken::Hang => {
            std::thread::sleep(Duration::from_mins(10));
            Ok(())
        }
        Broken::Reset => Ok(()),
    }
}

fn read_request(input: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    input.read_exact(&mut request.body)?;
    Ok(Some(request))
}

impl Response {
    /// The answer as it is sent, with the given part of its body.
    fn bytes(&self, part: f64) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Stub\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of a length"
        )]
        let length = (self.body.len() as f64 * part) as usize;
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body[..length]);
        bytes
    }
}

/// Writes an answer, or the given part of its body before the connection closes.
fn write_response(mut stream: &TcpStream, response: &Response, part: f64) -> std::io::Result<()> {
    stream.write_all(&response.bytes(part))?;
    stream.flush()
}
