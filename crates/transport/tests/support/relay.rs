use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A TCP relay to a port of this machine.
pub(crate) struct Relay {
    pub(crate) port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    accepted: AtomicUsize,
    drop_first: usize,
    delay: Duration,
    stalled: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
    bytes: AtomicUsize,
}

impl Relay {
    pub(crate) fn to(port: u16) -> Self {
        Self::start(port, State::default())
    }

    /// Closes the first connections at once, as sshd does beyond MaxStartups.
    pub(crate) fn dropping(port: u16, drop_first: usize) -> Self {
        Self::start(port, State { drop_first, ..State::default() })
    }

    /// Delays every byte, in each direction.
    pub(crate) fn delaying(port: u16, delay: Duration) -> Self {
        Self::start(port, State { delay, ..State::default() })
    }

    fn start(port: u16, state: State) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (state, own) = (Arc::new(state), listener.local_addr().unwrap().port());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(client) = stream else { return };
                if shared.accepted.fetch_add(1, Ordering::SeqCst) < shared.drop_first {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                    shared.streams.lock().unwrap().push(stream.try_clone().unwrap());
                }
                pump(client.try_clone().unwrap(), server.try_clone().unwrap(), &shared);
                pump(server, client, &shared);
            }
        });
        Self { port: own, state }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// Bytes relayed so far, both directions together.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes.load(Ordering::SeqCst)
    }

    /// Breaks all connections.
    pub(crate) fn cut(&self) {
        for stream in self.state.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Swallows everything from now on, as a network that is gone does.
    pub(crate) fn stall(&self) {
        self.state.stalled.store(true, Ordering::SeqCst);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, state: &Arc<State>) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let reading = Arc::clone(state);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            reading.bytes.fetch_add(count, Ordering::SeqCst);
            if reading.stalled.load(Ordering::SeqCst) {
                continue;
            }
            let due = Instant::now() + reading.delay;
            if sender.send((due, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    let writing = Arc::clone(state);
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        if !writing.stalled.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}
