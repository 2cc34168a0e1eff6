//! How do sets of rights come, change and go?

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigie_model::Slug;

use super::{Asking, done, notes};
use crate::order::{Answer, Done, Refused, each_in_each};
use crate::{Change, Right, Role, Scope};

/// Sets of rights besides those that are always there.
const MOST_ROLES: usize = 100;

impl Asking<'_> {
    pub(crate) fn put_role(&self, name: Slug, rights: BTreeSet<Right>) -> Result<Done, Refused> {
        self.may(Right::Roles, &Scope::everywhere())?;
        if Role::is_built_in(&name) {
            return Err(Refused::Senseless(format!("the role {name} is always there, and always the same")));
        }
        if rights.is_empty() {
            return Err(Refused::Senseless("a role has at least one right".to_owned()));
        }
        let before = self.directory.roles.get(&name);
        if before.is_none() && self.directory.roles.len() >= MOST_ROLES {
            return Err(Refused::Senseless(format!("there are {MOST_ROLES} roles; remove some first")));
        }
        // Whoever changes a role changes what all its bearers may.
        let concerned = before.map(|role| &role.rights).into_iter().flatten().chain(&rights).copied().collect();
        if !self.powers.include(&each_in_each(&concerned, &[Scope::everywhere()])) {
            return Err(Refused::MoreThanOwn("a right that you do not have everywhere"));
        }
        let was = before.map_or(Value::Null, |role| json!(role.rights));
        let notes = notes([&Scope::everywhere()], "role.put", name.as_str(), &was, &json!(rights));
        self.keeps_somebody(&name, &rights)?;
        done(vec![Change::Role(Role { name, rights })], notes, Answer::Nothing)
    }

    pub(crate) fn remove_role(&self, name: &Slug) -> Result<Done, Refused> {
        self.may(Right::Roles, &Scope::everywhere())?;
        let role = self.directory.roles.get(name).ok_or(Refused::NotThere("role"))?;
        if !self.powers.include(&each_in_each(&role.rights, &[Scope::everywhere()])) {
            return Err(Refused::MoreThanOwn("a right that you do not have everywhere"));
        }
        let bearers =
            self.directory.people.values().filter(|person| person.grants.iter().any(|grant| grant.role == *name));
        let bearers = bearers.count();
        if bearers > 0 {
            return Err(Refused::Senseless(format!("{bearers} people have the role {name}; give them another first")));
        }
        let notes = notes([&Scope::everywhere()], "role.remove", name.as_str(), &json!(role.rights), &Value::Null);
        done(vec![Change::RoleGone(name.clone())], notes, Answer::Nothing)
    }

    /// Whether somebody looks after people everywhere once this role is so.
    fn keeps_somebody(&self, name: &Slug, rights: &BTreeSet<Right>) -> Result<(), Refused> {
        let mut after = self.directory.clone();
        after.apply(&Change::Role(Role { name: name.clone(), rights: rights.clone() }));
        let nobody = self.chance.id("nobody");
        if self.directory.others_rule(&nobody) && !after.others_rule(&nobody) {
            Err(Refused::LastAdmin)
        } else {
            Ok(())
        }
    }
}
