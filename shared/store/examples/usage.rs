//! What takes the room in a store? Its folder is the argument, and no other program may have it open.

use std::path::Path;

use vigie_store::{Log, Options, ShelfUsage};

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() {
    let dir = std::env::args().nth(1).expect("a folder with a log.redb");
    let (log, _) = Log::open(Path::new(&dir), Options::hub(u64::MAX)).expect("a store that nobody has open");
    let samples: u64 = log.streams().values().map(|facts| facts.samples).sum();
    let per = |bytes: u64| bytes as f64 / samples as f64;
    let usage = log.usage().expect("a sound store");
    println!("{samples} samples; bytes for each:");
    for shelf in usage.shelves.iter().filter(|shelf| shelf.rows > 0) {
        let ShelfUsage { name, rows, record_bytes, index_bytes, padding_bytes } = shelf;
        let [records, index, padding] = [record_bytes, index_bytes, padding_bytes].map(|bytes| per(*bytes));
        println!("{name:10} {rows:9} rows: {records:.4} in records, {index:.4} in index, {padding:.4} empty");
    }
    println!("bookkeeping {:.4}, all pages in use {:.4}", per(usage.bookkeeping_bytes()), per(usage.taken_bytes));
}
