//! What is said of the ways by which people keep dashboards of their own?

use serde_json::json;

use super::operation::{Operation, tagged};
use crate::api::BoardList;
use crate::{Board, BoardWish};

pub(super) fn all() -> Vec<Operation> {
    let seen = "The ETag that GET gave: 412 if it is another one.";
    let board = json!({ "name": "Night shift", "shared": "acme/lyon", "range": "24h", "widgets": [
        { "kind": "incidents", "x": 0, "y": 0, "w": 6, "h": 4 },
        { "kind": "top", "x": 6, "y": 0, "w": 6, "h": 4, "metric": "system_cpu_utilization_ratio", "most": 5 } ] });
    tagged(
        "boards",
        vec![
            Operation::get("/boards", "Your boards, and those that are shared with you").answers::<BoardList>(200),
            Operation::post("/boards", "Makes a board of yours")
                .more(
                    "It may be shared with a part of the deployment that you see as a whole: then whoever sees anything of \
                     that part sees the board, and who looks after people in all of it changes it, too. Of what it shows \
                     everybody gets what they may see. One owner has 100 boards at most.",
                )
                .takes::<BoardWish>(board.clone())
                .answers::<Board>(201),
            Operation::get("/boards/{id}", "One with all that is on it").answers::<Board>(200),
            Operation::put("/boards/{id}", "Puts another in its place")
                .header("If-Match", seen)
                .takes::<BoardWish>(board)
                .answers::<Board>(200),
            Operation::delete("/boards/{id}", "Lets it go").header("If-Match", seen),
        ],
    )
}
