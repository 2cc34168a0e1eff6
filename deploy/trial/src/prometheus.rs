//! A real Prometheus, Debian's.

use std::path::Path;

use crate::door::Door;
use crate::eventually;
use crate::ports::free_port;
use crate::program::Program;

/// Whether somebody said that there is no Prometheus here and that nothing is to be proved; said aloud.
pub fn is_without_peers() -> bool {
    let is_set = std::env::var_os("VIGIE_WITHOUT_PEERS").is_some_and(|set| set == "1");
    if is_set {
        println!("not tried beside Prometheus: VIGIE_WITHOUT_PEERS is set");
    }
    is_set
}

/// It runs until dropped.
#[derive(Debug)]
pub struct Prometheus {
    /// The program.
    pub program: Program,
    /// Its API.
    pub door: Door,
    /// Where it answers.
    pub port: u16,
}

impl Prometheus {
    /// One that keeps its data below `dir`, takes in what is written to it, and is configured by this; `PORT` there is its
    /// own. Needs Debian's package `prometheus`.
    pub fn start(dir: &Path, config: &str) -> Self {
        std::fs::create_dir_all(dir).expect("a folder");
        let (port, file) = (free_port(), dir.join("config.yml"));
        std::fs::write(&file, config.replace("PORT", &port.to_string())).expect("a configuration");
        let args = vec![
            format!("--web.listen-address=127.0.0.1:{port}"),
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", dir.join("data").display()),
            "--storage.tsdb.retention.time=100y".to_owned(),
            "--web.enable-remote-write-receiver".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        let program = Program::start("prometheus", args, &dir.join("log"));
        let door = Door::new(port, "", None);
        eventually("Prometheus is ready", || door.get("/-/ready").is_some_and(|answer| answer.status == 200));
        Self { program, door, port }
    }
}
