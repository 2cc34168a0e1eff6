//! What is said of the ways by which a hub's people are looked after?

use serde_json::{Value, json};
use vigie_people::{Erased, PasskeyShown, PersonShown, Recovery, SessionShown, TokenMade, TotpOffered};

use super::operation::{Operation, number, one_of, slug, tagged};
use crate::Erasure;
use crate::api::{ClientHoldings, EraseClient, ErasureList};
use crate::people::api::{
    Accept, AcceptByKey, Asked, Code, Erase, Grants, HowHanded, InvitationCode, InvitationList, Invite, KeyAnswer,
    MakeToken, Me, NewPasskey, NewPassword, PasskeyList, PasskeyName, PeopleList, Proof, Rights, RoleList, Second,
    SessionList, SignIn, TokenList,
};
use crate::people::inviting::Handed;
use crate::people::seeing::{LookedList, SeeAs};
use crate::people::{AuditLine, AuditLines, AuditVerified};

pub(super) fn all() -> Vec<Operation> {
    let people = [own(), keys(), seeing(), people(), invitations(), roles(), tokens(), sessions()];
    let people = people.into_iter().flatten().map(Operation::stamped).collect();
    [tagged("people", people), tagged("audit", audit()), tagged("clients", clients())].into_iter().flatten().collect()
}

fn own() -> Vec<Operation> {
    vec![
        Operation::get("/me", "Who asks, what they may and where").answers::<Me>(200),
        exported(Operation::get("/me/export", "All that is kept of you, as JSON lines")),
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

fn exported(operation: Operation) -> Operation {
    operation
        .more(
            "Each line bears its `kind`: `person`, `sign-in`, `passkey`, `session`, `token`, `invitation`, `looked`, and `audit` with \
             the `chain` it stands in, for each line of each audit that names their address. Nothing in it opens anything.",
        )
        .answers_as(200, &["application/x-ndjson"], json!({ "type": "string" }))
}

fn keys() -> Vec<Operation> {
    let answer = || json!({ "question": "x", "answer": {} });
    let new = || json!({ "question": "x", "answer": {}, "name": "Telephone" });
    vec![
        Operation::post("/sessions/passkey/ask", "Asks this browser for a passkey, to sign in").answers::<Asked>(200),
        Operation::post("/sessions/passkey", "Signs in by the passkey; the answer sets a cookie")
            .takes::<KeyAnswer>(answer())
            .answers::<SessionShown>(201),
        Operation::post("/me/proof/passkey/ask", "Asks for a passkey of yours, to prove who you are")
            .answers::<Asked>(200),
        Operation::post("/me/proof/passkey", "Proves by it again who you are, for ten minutes")
            .takes::<KeyAnswer>(answer()),
        Operation::get("/me/passkeys", "Your passkeys").answers::<PasskeyList>(200),
        Operation::post("/me/passkeys/ask", "Asks this browser to make a passkey").answers::<Asked>(200),
        Operation::post("/me/passkeys", "The passkey that was made is yours")
            .takes::<NewPasskey>(new())
            .answers::<PasskeyShown>(201),
        Operation::put("/me/passkeys/{id}", "It is called otherwise")
            .takes::<PasskeyName>(json!({ "name": "Key in the drawer" }))
            .answers::<PasskeyShown>(200),
        Operation::delete("/me/passkeys/{id}", "It opens nothing any more"),
        Operation::put("/me/second", "Whether your password alone opens, or a passkey or a code must stand beside it")
            .more("With `needed` the answer has recovery codes, unless you have some; they are shown this once.")
            .takes::<Second>(json!({ "needed": true }))
            .answers::<Recovery>(200),
        Operation::post("/invitations/passkey/ask", "Asks this browser to make a passkey for who was invited")
            .takes::<InvitationCode>(json!({ "code": "k3v9-2mfa-7qpd" }))
            .answers::<Asked>(200),
        Operation::post("/invitations/passkey", "Takes the invitation up by it, and signs in")
            .takes::<AcceptByKey>(
                json!({ "code": "k3v9-2mfa-7qpd", "question": "x", "answer": {}, "called": "Telephone" }),
            )
            .answers::<SessionShown>(201),
    ]
}

fn seeing() -> Vec<Operation> {
    vec![
        Operation::post("/me/seeing", "Sees what a person sees, for some minutes; the answer sets a cookie")
            .more(
                "By who looks after people everywhere and has just proved who they are, in a browser. It changes nothing, or with \
                 `acts` and the right `act` acts in the person's name, but never on people, roles and tokens. The person and \
                 their client's admins can know of it, and each line of the audit bears both names.",
            )
            .takes::<SeeAs>(json!({ "person": "0123456789abcdef", "minutes": 15 }))
            .answers::<SessionShown>(201),
        Operation::delete("/me/seeing", "Back to one's own browser"),
        Operation::get("/looked", "Who saw what you see, and what those see whom you look after")
            .answers::<LookedList>(200),
    ]
}

fn people() -> Vec<Operation> {
    let seen = |operation: Operation| {
        operation.header("If-Match", "The version that you saw, as its ETag said it: 412 if it is another one.")
    };
    vec![
        Operation::get("/people", "The people that you look after, by address")
            .listed("People in one answer; 100 unless said otherwise.")
            .answers::<PeopleList>(200),
        exported(Operation::get("/people/{id}/export", "All that is kept of them, as JSON lines")),
        Operation::get("/people/{id}", "One of them").answers::<PersonShown>(200),
        seen(Operation::put("/people/{id}/grants", "What a person may, and where"))
            .takes::<Grants>(json!({ "grants": grants() }))
            .answers::<PersonShown>(200),
        seen(Operation::post("/people/{id}/disable", "They come in nowhere any more")).answers::<PersonShown>(200),
        seen(Operation::post("/people/{id}/enable", "And again")).answers::<PersonShown>(200),
        Operation::post("/people/{id}/reset", "A code for another password or a passkey; theirs are gone")
            .more("With `mail` it goes to them by mail, where the hub writes letters; otherwise it is shown this once.")
            .takes::<HowHanded>(json!({}))
            .answers::<Handed>(200),
        seen(Operation::post("/people/{id}/erase", "All that is kept of them goes, and a pseudonym stands in their place"))
            .more(
                "It can not be undone. By who looks after them wherever they may anything, and has just proved who they are; the \
                 last who looks after people everywhere stays. Lines of the audit keep their hash and their place, a line \
                 `person.erase` names each of them, and `/audit/verify` finds any other that was changed. What is in backups \
                 and what a site that is cut off says later is not reached.",
            )
            .takes::<Erase>(json!({ "at_sites": ["Marc Petit"] }))
            .answers::<Erased>(200),
    ]
}

fn invitations() -> Vec<Operation> {
    vec![
        Operation::get("/invitations", "Those that nobody has taken up yet").answers::<InvitationList>(200),
        Operation::post("/invitations", "A code by which somebody new chooses a password or a passkey")
            .more(
                "Where the hub writes letters (`[people] mail`) it goes to them by mail, and `mailed` says what the mail server \
                 said; the code is shown, this once, where it did not go. `job` is the one by which the letter is tried again until \
                 the mail server has it: call that off, or look at it, among the jobs.",
            )
            .takes::<Invite>(json!({ "email": "x@example.org", "name": "X", "grants": grants() }))
            .answers::<Handed>(201),
        Operation::post("/invitations/{id}/renew", "Another code, and a week more; the one of before opens nothing")
            .takes::<HowHanded>(json!({}))
            .answers::<Handed>(200),
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

fn clients() -> Vec<Operation> {
    vec![
        Operation::get("/clients/{client}/export", "All that is kept of a client but its samples, as JSON lines")
            .more(
                "By who looks, reads the audit and looks after people in all of it. Each line bears its `kind`: `client` (with where \
                 its samples are asked for), `quota`, `retention`, `site`, `machine`, `incident`, `cut`, `maintenance`, `rule`, \
                 `route`, `schedule`, `webhook`, what is kept of each person who may something here and nowhere else, \
                 `invitation`, `audit`, and `end` with how many lines there were before it.",
            )
            .answers_as(200, &["application/x-ndjson"], json!({ "type": "string" })),
        Operation::get("/clients/{client}/holdings", "What there is of a client, for who may erase it")
            .answers::<ClientHoldings>(200),
        Operation::post("/clients/{client}/erase", "Erases a client for ever")
            .more(
                "By who has the rights `keep` and `people` over all of the hub and has just proved who they are; `name` is the \
                 client's name once more. It is decided then, and goes on by itself through crashes: the hub starts again without \
                 the client, within seconds, and its nodes are shut out for ever. `/clients/{client}/holdings` says before what \
                 would go, the receipt what went and what was found after.",
            )
            .takes::<EraseClient>(json!({ "name": "acme" }))
            .answers::<Erasure>(202),
        Operation::get("/erasures", "Receipts of clients that were erased, the latest first")
            .may_as("client", slug(), "Only of clients of this name, which no receipt bears.", "acme")
            .answers::<ErasureList>(200),
        Operation::get("/erasures/{id}", "What went of a client, and what was found after").answers::<Erasure>(200),
    ]
}

fn grants() -> Value {
    json!([{ "role": "observer", "scope": "acme/lyon" }])
}
