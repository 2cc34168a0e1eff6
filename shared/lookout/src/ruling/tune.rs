//! What is said of a rule in the words of a form, and taken back?

use vigie_merge::{Key, Scope};
use vigie_serve::{RuleWish, Undecided};
use vigie_watch::{Layer, Machine, Mind, Settings, Tuning};

use super::compose::{families, family};
use super::held::Rulings;
use super::place::{Typed, around, level};
use super::shape::{Of, Ruled, Tuned, What, tuned_key};
use super::words::{check_name, senseless, tuning};
use super::write::{Author, check_room, check_size, write};
use crate::watchman::{Watchman, lock};

impl<'w> From<&'w RuleWish> for Typed<'w> {
    fn from(wish: &'w RuleWish) -> Self {
        let machine = wish.machine.as_deref();
        Self {
            client: wish.client.as_ref(),
            site: wish.site.as_ref(),
            machine,
            group: wish.group.as_ref(),
            tag: wish.tag.as_ref(),
        }
    }
}

impl Watchman {
    /// Says of a rule what it changes at a place. What was said there before and is not said now stays.
    ///
    /// # Errors
    /// When it makes no rule or can not be kept; nothing was changed then.
    pub(crate) fn set_rule(&self, wish: &RuleWish, by: &str) -> Result<(), Undecided> {
        let said = tuning(wish)?;
        let (scope, of) = self.place(&wish.into())?;
        let settings = self.settings();
        let machines = self.machines();
        let author = Author { by, at: &self.name, now: self.utc() };
        let edits = {
            let register = lock(&self.register);
            let rulings = &register.rulings;
            let key = key(&scope, &wish.name, &of)?;
            let said = said.over(&said_there(rulings, &key));
            check(rulings, &wish.name, (&scope, &of), &said, &machines, &settings)?;
            let words: Vec<String> = said.said().into_iter().map(|(name, value)| format!("{name} {value}")).collect();
            let ruled = Ruled { name: wish.name.clone(), of, what: What::Tuned(Tuned::from(&said)) };
            check_size(&ruled, &wish.name)?;
            check_room(rulings, &scope, usize::from(rulings.row(&key).is_none()))?;
            write(rulings, self.node, key, ruled, format!("set {}", words.join(", ")), author)?
        };
        self.write_decision(edits)?;
        self.take_new_rules();
        Ok(())
    }

    /// Takes back what is said of a rule at a place.
    ///
    /// # Errors
    /// When nothing is said there or it can not be kept; nothing was changed then.
    pub(crate) fn unset_rule(&self, wish: &RuleWish, by: &str) -> Result<(), Undecided> {
        check_name(&wish.name)?;
        let (scope, of) = self.place(&wish.into())?;
        let author = Author { by, at: &self.name, now: self.utc() };
        let edits = {
            let register = lock(&self.register);
            let rulings = &register.rulings;
            let key = key(&scope, &wish.name, &of)?;
            let is_said = rulings.in_force().any(|(said, ..)| *said == key);
            if !is_said {
                return Err(Undecided::NotHere("word about that rule at that place"));
            }
            let ruled = Ruled { name: wish.name.clone(), of, what: What::Removed { file: None } };
            write(rulings, self.node, key, ruled, "taken back".to_owned(), author)?
        };
        self.write_decision(edits)?;
        self.take_new_rules();
        Ok(())
    }

    /// The machines of this node, as rules ask for them.
    pub(crate) fn machines(&self) -> Vec<Machine> {
        let register = lock(&self.register);
        let presence = lock(&self.presence);
        presence.machines().map(|machine| register.tags.machine(machine)).collect()
    }
}

fn key(scope: &Scope, name: &str, of: &Of) -> Result<Key, Undecided> {
    tuned_key(scope, name, of).map_err(|error| senseless(&error.to_string()))
}

fn said_there(rulings: &Rulings, key: &Key) -> Tuning {
    let there = rulings.in_force().find(|(said, ..)| *said == key);
    match there.map(|(.., said)| &said.what.what) {
        Some(What::Tuned(tuned)) => Tuning::from(tuned),
        _ => Tuning::default(),
    }
}

/// Whether what is said makes a rule, with what is said around it, that can be worked out.
fn check(
    rulings: &Rulings,
    name: &str,
    (scope, of): (&Scope, &Of),
    said: &Tuning,
    machines: &[Machine],
    settings: &Settings,
) -> Result<(), Undecided> {
    let is_written = rulings.in_force().any(|(_, _, said)| said.what.name == name && said.what.file().is_some());
    if is_written {
        return Err(senseless(&format!("{name} is a rule of a file that was applied: change it there")));
    }
    let known = families(rulings).remove(name);
    let mut family = known.map_or_else(|| family(name, Vec::new()), |(family, _)| family);
    let at = level(scope, of);
    family.layers.retain(|layer| layer.scope != at);
    family.layers.push(Layer { scope: at.clone(), tuning: said.clone() });
    family.check(&at, &around(scope)).map_err(|error| senseless(&error.to_string()))?;
    let groups: Vec<_> = family.groups(machines).0.into_iter().map(|one| one.group).collect();
    Mind::new(&groups, settings.clone()).map_err(|error| senseless(&error.to_string()))?;
    Ok(())
}
