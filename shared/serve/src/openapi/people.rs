//! What is said of the ways by which a hub's people are looked after?

use serde_json::{Value, json};
use vigie_people::{Invited, PersonShown, Recovery, SessionShown, TokenMade, TotpOffered};

use super::operation::{Operation, number, one_of, slug, tagged};
use crate::people::api::{
    Accept, Code, Grants, InvitationList, Invite, MakeToken, Me, NewPassword, PeopleList, Proof, Rights, RoleList,
    SessionList, SignIn, TokenList,
};
use crate::people::{AuditLine, AuditLines, AuditVerified};

pub(super) fn all() -> Vec<Operation> {
    let people = [own(), people(), invitations(), roles(), tokens(), sessions()];
    let people = people.into_iter().flatten().map(Operation::stamped).collect();
    [tagged("people", people), tagged("audit", audit())].into_iter().flatten().collect()
}

fn own() -> Vec<Operation> {
    vec![
        Operation::get("/me", "Who asks, what they may and where").answers::<Me>(200),
        Operation::post("/me/password", "Another password; your other browsers are signed out")
            .takes::<NewPassword>(json!({ "password": "x", "new": "seven loud lanterns hum" })),
        Operation::post("/me/proof", "Proves again who you are, for ten minutes")
            .takes::<Proof>(json!({ "password": "x" })),
        Operation::post("/me/totp", "A secret for your telephone").answers::<TotpOffered>(200),
        Operation::post("/me/totp/confirm", "The telephone answers; recovery codes")
            .takes::<Code>(json!({ "code": "000000" }))
            .answers::<Recovery>(200),
        Operation::delete("/me/totp", "No telephone any more"),
        Operation::delete("/me/sign-ins/{name}", "You sign in by this other house no more"),
        Operation::post("/me/recovery", "Other recovery codes").answers::<Recovery>(200),
    ]
}

fn people() -> Vec<Operation> {
    let seen = |operation: Operation| {
        operation.header("If-Match", "The version that you saw, as its ETag said it: 412 if it is another one.")
    };
    vec![
        Operation::get("/people", "The people that you look after, by address")
            .listed("People in one answer; 1000 unless said otherwise.")
            .answers::<PeopleList>(200),
        Operation::get("/people/{id}", "One of them").answers::<PersonShown>(200),
        seen(Operation::put("/people/{id}/grants", "What a person may, and where"))
            .takes::<Grants>(json!({ "grants": grants() }))
            .answers::<PersonShown>(200),
        seen(Operation::post("/people/{id}/disable", "They come in nowhere any more")).answers::<PersonShown>(200),
        seen(Operation::post("/people/{id}/enable", "And again")).answers::<PersonShown>(200),
        Operation::post("/people/{id}/reset", "A code for another password").answers::<Invited>(200),
    ]
}

fn invitations() -> Vec<Operation> {
    vec![
        Operation::get("/invitations", "Those that nobody has taken up yet").answers::<InvitationList>(200),
        Operation::post("/invitations", "A code by which somebody new chooses a password; it is shown this once")
            .takes::<Invite>(json!({ "email": "x@example.org", "name": "X", "grants": grants() }))
            .answers::<Invited>(201),
        Operation::delete("/invitations/{id}", "They may not after all"),
        Operation::post("/invitations/accept", "Takes an invitation up")
            .takes::<Accept>(json!({ "code": "k3v9-2mfa-7qpd", "password": "seven loud lanterns hum" }))
            .answers::<PersonShown>(201),
    ]
}

fn roles() -> Vec<Operation> {
    vec![
        Operation::get("/roles", "All sets of rights").answers::<RoleList>(200),
        Operation::put("/roles/{name}", "A set of rights comes or changes")
            .takes::<Rights>(json!({ "rights": ["look"] })),
        Operation::delete("/roles/{name}", "It goes"),
    ]
}

fn tokens() -> Vec<Operation> {
    vec![
        Operation::get("/tokens", "Your own, and those of whom you look after").answers::<TokenList>(200),
        Operation::post("/tokens", "A token that may no more than you; its text is shown this once")
            .takes::<MakeToken>(json!({ "name": "x", "rights": ["look"], "scopes": ["acme/lyon"] }))
            .answers::<TokenMade>(201),
        Operation::delete("/tokens/{id}", "It opens nothing any more"),
    ]
}

fn sessions() -> Vec<Operation> {
    vec![
        Operation::get("/sessions", "Browsers that are signed in as you")
            .may_as("all", one_of(&["true", "false"]), "And of all whom you look after.", "true")
            .answers::<SessionList>(200),
        Operation::post("/sessions", "Signs in; the answer sets a cookie")
            .takes::<SignIn>(json!({ "email": "x@example.org", "password": "x" }))
            .answers::<SessionShown>(201),
        Operation::delete("/sessions/{id}", "Signs a browser out"),
    ]
}

fn audit() -> Vec<Operation> {
    let of = |operation: Operation| operation.may_as("client", slug(), "Whose; the provider's without one.", "acme");
    vec![
        of(Operation::get("/audit", "Lines of a chain, in their order"))
            .may("after", number(0, i64::MAX as u64), "From this number on, which is not in it.")
            .listed("Lines of one answer; 100 unless said otherwise.")
            .answers::<AuditLines>(200),
        of(Operation::get("/audit/verify", "Whether a chain is whole")).answers::<AuditVerified>(200),
        of(Operation::get("/audit/export", "A whole chain as JSON lines, with the hashes"))
            .answers::<AuditLine>(200)
            .in_lines(),
    ]
}

fn grants() -> Value {
    json!([{ "role": "observer", "scope": "acme/lyon" }])
}
