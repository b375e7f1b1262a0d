//! Passes calls on to another server and counts them.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::{Call, Request, read_request};

/// A running relay. Its threads end with the test process.
pub(crate) struct Relay {
    port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Relay {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || drop(pass_on(&stream, server, &log)));
            }
        });
        Self { port, calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The calls so far, retries included.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn pass_on(mut client: &TcpStream, server: u16, log: &Mutex<Vec<Call>>) -> std::io::Result<()> {
    let mut input = BufReader::new(client.try_clone()?);
    while let Some(request) = read_request(&mut input)? {
        log.lock().unwrap().push(Call::of(&request));
        client.write_all(&exchange(server, &request)?)?;
    }
    Ok(())
}

/// Sends one request over a connection of its own and reads the whole answer.
pub(crate) fn exchange(server: u16, request: &Request) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", server))?;
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.path);
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "connection" && name != "content-length") {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\n\r\n", request.body.len()).unwrap();
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
