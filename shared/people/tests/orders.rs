//! Whatever people ask of the hub in whatever order: nobody ends up with more than somebody gave who had it.

mod common;

use std::collections::BTreeMap;

use common::{Hub, MINUTE_MS, email, name, these, verifier};
use proptest::prelude::*;
use vigie_people::{Answer, Id, Language, Order, Powers, Right, Scope, Who};

#[derive(Debug, Clone)]
enum Step {
    Invite { by: usize, grant: usize },
    Allow { by: usize, whom: usize, grant: usize },
    Disable { by: usize, whom: usize },
    Enable { by: usize, whom: usize },
    Reset { by: usize, whom: usize },
    Role { by: usize, rights: u8 },
    Token { by: usize, rights: u8, scope: usize },
    Revoke { by: usize, token: usize },
    EndSession { by: usize, whom: usize },
    Later { minutes: u16 },
}

const GRANTS: [&str; 8] = [
    "admin@*",
    "admin@acme",
    "operator@acme",
    "observer@acme/lyon",
    "admin@bron",
    "night@acme",
    "night@bron/paris",
    "operator@acme/lyon#till",
];

const SCOPES: [&str; 4] = ["*", "acme", "acme/lyon", "bron"];

fn step() -> impl Strategy<Value = Step> {
    let by = || 0_usize..12;
    prop_oneof![
        3 => (by(), 0..GRANTS.len()).prop_map(|(by, grant)| Step::Invite { by, grant }),
        3 => (by(), by(), 0..GRANTS.len()).prop_map(|(by, whom, grant)| Step::Allow { by, whom, grant }),
        1 => (by(), by()).prop_map(|(by, whom)| Step::Disable { by, whom }),
        1 => (by(), by()).prop_map(|(by, whom)| Step::Enable { by, whom }),
        1 => (by(), by()).prop_map(|(by, whom)| Step::Reset { by, whom }),
        2 => (by(), any::<u8>()).prop_map(|(by, rights)| Step::Role { by, rights }),
        4 => (by(), any::<u8>(), 0..SCOPES.len()).prop_map(|(by, rights, scope)| Step::Token { by, rights, scope }),
        1 => (by(), by()).prop_map(|(by, token)| Step::Revoke { by, token }),
        1 => (by(), by()).prop_map(|(by, whom)| Step::EndSession { by, whom }),
        1 => (0_u16..90).prop_map(|minutes| Step::Later { minutes }),
    ]
}

/// The hub, and all who ever came in.
struct World {
    hub: Hub,
    people: Vec<(String, Who)>,
    tokens: Vec<Id>,
}

impl World {
    fn who(&self, at: usize) -> &Who {
        &self.people[at % self.people.len()].1
    }

    fn id(&self, at: usize) -> Id {
        self.hub.id_of(&self.people[at % self.people.len()].0)
    }

    fn order(&self, step: &Step) -> Option<(Who, Order)> {
        let rights = |bits: u8| {
            Right::ALL.into_iter().enumerate().filter(move |(at, _)| bits >> (at % 8) & 1 == 1).map(|(_, right)| right)
        };
        let by = |by: &usize| self.who(*by).clone();
        Some(match step {
            Step::Invite { by: at, grant } => {
                let email = email(&format!("p{}@example.org", self.people.len()));
                (
                    by(at),
                    Order::Invite { email, name: name("P"), grants: these(&[GRANTS[*grant]]), language: Language::En },
                )
            }
            Step::Allow { by: at, whom, grant } => {
                (by(at), Order::Allow { person: self.id(*whom), grants: these(&[GRANTS[*grant]]), version: None })
            }
            Step::Disable { by: at, whom } => (by(at), Order::Disable { person: self.id(*whom), version: None }),
            Step::Enable { by: at, whom } => (by(at), Order::Enable { person: self.id(*whom), version: None }),
            Step::Reset { by: at, whom } => (by(at), Order::Reset { person: self.id(*whom) }),
            Step::Role { by: at, rights: bits } => {
                (by(at), Order::PutRole { name: "night".parse().expect("a name"), rights: rights(*bits).collect() })
            }
            Step::Token { by: at, rights: bits, scope } => {
                let scopes = vec![SCOPES[*scope].parse().expect("a scope")];
                (by(at), Order::MakeToken { name: name("t"), rights: rights(*bits).collect(), scopes, days: 1 })
            }
            Step::Revoke { by: at, token } => {
                let token = self.tokens.get(token % self.tokens.len().max(1))?.clone();
                (by(at), Order::RevokeToken { token })
            }
            Step::EndSession { by: at, whom } => {
                let Who::Person(_, session) = self.who(*whom).clone() else { return None };
                (by(at), Order::EndSession { session })
            }
            Step::Later { .. } => return None,
        })
    }

    fn take(&mut self, step: &Step) {
        if let Step::Later { minutes } = step {
            self.hub.now_ms += i64::from(*minutes) * MINUTE_MS;
        }
        let Some((by, order)) = self.order(step) else { return };
        let (before, own) = (self.all_powers(), self.hub.powers(&by));
        let Ok(done) = self.hub.ask(&by, order) else { return };
        self.nobody_rose(&before, &own);
        match done.answer {
            Answer::Invited(invited) => {
                let accept = Order::Accept { code: invited.code, name: None, password: verifier() };
                self.hub.ask(&Who::Nobody, accept).expect("a fresh code");
                let email = invited.email.to_string();
                let who = self.hub.signed_in(&email);
                self.people.retain(|(other, _)| *other != email);
                self.people.push((email, who));
                self.nobody_rose(&before, &own);
            }
            Answer::Token(made) => self.tokens.push(made.shown.id),
            _ => {}
        }
    }

    fn all_powers(&self) -> BTreeMap<String, Powers> {
        let powers = |who: &String| self.hub.directory.powers_of(&self.hub.id_of(who));
        self.people.iter().map(|(who, _)| (who.clone(), powers(who))).collect()
    }

    /// Nobody may anything that neither they nor whoever acted could do before; but for those who were disabled.
    fn nobody_rose(&self, before: &BTreeMap<String, Powers>, own: &Powers) {
        for (who, now) in self.all_powers() {
            let had = before.get(&who).cloned().unwrap_or_default();
            for (right, scope) in now.iter() {
                let came_from_somewhere = had.in_all_of(right, scope) || own.in_all_of(right, scope);
                assert!(came_from_somewhere, "{who} got {right} in {scope} out of nothing");
            }
        }
    }

    fn holds(&self) {
        let directory = &self.hub.directory;
        let each = directory.users_of_each(self.hub.now());
        for client in ["acme", "bron", "nobody"].map(|client| client.parse().expect("a name")) {
            let users = directory.users_of(&client, self.hub.now());
            assert_eq!(each.get(&client).copied().unwrap_or(0), users, "whether all are counted at once or one client");
        }
        for token in &self.tokens {
            let now = self.hub.powers(&Who::Token(token.clone()));
            let shown = directory.tokens_shown(&Who::Token(token.clone()), &Powers::default(), self.hub.now());
            let Some(maker) = shown.first().and_then(|token| token.maker.clone()) else {
                assert!(now.is_empty(), "a token that is gone opens nothing");
                continue;
            };
            let maker = directory.person_of(&maker).expect("makers stay");
            assert!(directory.powers_of(&maker.id).include(&now), "a token may more than its maker");
        }
        let rules =
            |who: &String| directory.powers_of(&self.hub.id_of(who)).in_all_of(Right::People, &Scope::everywhere());
        assert!(self.people.iter().any(|(who, _)| rules(who)), "nobody is left who looks after people");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nobody_gets_a_right_that_was_not_given_by_one_who_had_it(steps in prop::collection::vec(step(), 1..60)) {
        let (mut hub, root) = Hub::begun();
        let rights = [Right::Look, Right::Decide].into_iter().collect();
        hub.ask(&root, Order::PutRole { name: "night".parse().expect("a name"), rights }).expect("a role");
        let mut world = World { hub, people: vec![("root@example.org".to_owned(), root)], tokens: Vec::new() };
        for step in &steps {
            world.take(step);
            world.holds();
        }
    }
}
