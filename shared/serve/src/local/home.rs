//! The first page: is the hub in reach, what is open, what ended, what happened while it was not, how is the link, how are
//! the machines, what is muted?

use super::alerts::{self, Part, Takes};
use super::cuts;
use super::doctor;
use super::frame::{Frame, Tab};
use super::machines::{self, Seen};
use super::mutes;
use super::truth::Truth;
use crate::{Cut, Incident, Line, Mute};

/// What it shows.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) truth: Truth,
    pub(crate) line: Option<Line>,
    pub(crate) open: Part<Incident>,
    /// What ended within the last day, the latest first.
    pub(crate) ended: Vec<Incident>,
    /// What happened while the site was last cut off, if it was within a week.
    pub(crate) cut: Option<Cut>,
    /// The machines that need somebody most.
    pub(crate) machines: Part<Seen>,
    /// How many are heard now, and how many there are.
    pub(crate) heard: (usize, usize),
    /// Maintenance and silences in force.
    pub(crate) mutes: Vec<Mute>,
}

/// The whole page.
pub(crate) fn page(frame: &Frame, home: &Home, takes: Takes<'_>) -> String {
    let (voice, w) = (&frame.voice, frame.voice.words());
    let title = format!("{} ({})", w.alerts, home.open.all);
    frame.page(Tab::Alerts, &title, |out| {
        frame.heading(out, w.alerts);
        home.truth.draw(out, voice);
        out.html("<div class=\"columns\">\n<div>\n");
        alerts::open(out, voice, &home.open, home.heard, takes);
        alerts::ended(out, voice, &home.ended, &home.truth);
        cuts::last(out, voice, home.cut.as_ref());
        out.html("</div>\n<div>\n");
        doctor::glance(out, voice, &home.truth, home.line.as_ref());
        machines::glance(out, voice, &home.machines);
        mutes::in_force(out, voice, &home.mutes, false);
        out.html("<p><a href=\"/maintenance\">").text(w.plan).html("</a></p>\n");
        out.html("</div>\n</div>\n");
    })
}
