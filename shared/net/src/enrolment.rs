//! stub
#[derive(Debug)]
/// stub
pub struct Enrolment { quinn: quinn::Connection }
impl Enrolment { pub(crate) fn new(quinn: quinn::Connection) -> Self { Self { quinn } } }
