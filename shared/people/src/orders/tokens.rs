//! How do tokens come and go?

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Asking, done, notes, told_powers};
use crate::audit::Note;
use crate::order::{Answer, Done, Refused, TokenMade, each_in_each};
use crate::secret::Kept;
use crate::token::{LONGEST_TOKEN_DAYS, MARK, MOST_TOKENS, Token};
use crate::{Change, Id, Name, Right, Scope, TokenShown, Who};

/// Parts of the deployment that one token names.
const MOST_SCOPES: usize = 32;

impl Asking<'_> {
    pub(crate) fn make_token(
        &self,
        name: Name,
        rights: &BTreeSet<Right>,
        scopes: &[Scope],
        days: u32,
    ) -> Result<Done, Refused> {
        // A token does not make tokens: it would outlive its own end.
        let maker = self.own()?;
        if !self.powers.anywhere(Right::Tokens) {
            return Err(Refused::NoRight(Right::Tokens));
        }
        self.proved(Right::Tokens)?;
        if rights.is_empty() || scopes.is_empty() || scopes.len() > MOST_SCOPES {
            let says = format!("a token has at least one right, in 1 to {MOST_SCOPES} scopes");
            return Err(Refused::Senseless(says));
        }
        if !(1..=LONGEST_TOKEN_DAYS).contains(&days) {
            return Err(Refused::Senseless(format!("a token is made for 1 to {LONGEST_TOKEN_DAYS} days, not {days}")));
        }
        scopes.iter().try_for_each(|scope| self.may(Right::Tokens, scope))?;
        let asked = each_in_each(rights, scopes);
        if !self.powers.include(&asked) {
            return Err(Refused::MoreThanOwn("a right that you do not have there"));
        }
        if self.directory.tokens_of(&maker.id).filter(|token| !token.is_over(self.now)).count() >= MOST_TOKENS {
            return Err(Refused::Senseless(format!("you have {MOST_TOKENS} tokens; revoke some first")));
        }
        let text = self.chance.secret(MARK, "a token's secret");
        let token = Token {
            id: self.chance.id("a token's id"),
            name,
            maker: maker.id.clone(),
            asked,
            kept: Kept::of(&text),
            made_ms: self.now.0,
            until_ms: self.now.0.saturating_add(i64::from(days) * 86_400_000),
            used_ms: None,
        };
        let notes = notes_on(&token, "token.make", |own| (Value::Null, own));
        let shown = TokenShown::of(&token, self.directory, self.now);
        done(vec![Change::Token(Box::new(token))], notes, Answer::Token(TokenMade { shown, token: text }))
    }

    pub(crate) fn revoke_token(&self, token: &Id) -> Result<Done, Refused> {
        let none = Refused::NotThere("token");
        let token = self.directory.tokens.get(token).ok_or(none.clone())?;
        let is_own = match &self.asker.who {
            Who::Person(person, _) => self.own().is_ok_and(|own| own.id == token.maker) && *person == token.maker,
            // Whoever finds a token of theirs in the wrong place can end it by itself.
            Who::Token(id) => *id == token.id,
            Who::Console | Who::Program(..) | Who::Nobody => false,
        };
        if !is_own {
            if !self.powers.anywhere(Right::People) {
                return Err(none);
            }
            self.known(&token.maker).map_err(|_| none)?;
            self.looked_after(&token.maker, None)?;
        }
        let notes = notes_on(token, "token.revoke", |own| (own, Value::Null));
        done(vec![Change::TokenGone(token.id.clone())], notes, Answer::Nothing)
    }
}

/// A line about a token in the chain of each client where it was made to open anything: each reads what is of itself.
fn notes_on(token: &Token, what: &'static str, turned: impl Fn(Value) -> (Value, Value)) -> Vec<Note> {
    let scopes = token.asked.iter().map(|(_, scope)| scope);
    let mut notes = notes(scopes, what, token.name.as_str(), &Value::Null, &Value::Null);
    for note in &mut notes {
        let rights = told_powers(&token.asked, note.client.as_ref());
        (note.before, note.after) = turned(json!({ "rights": rights, "until_ms": token.until_ms }));
    }
    notes
}
