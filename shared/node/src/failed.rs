//! How does a command fail in the words of whoever ran it?

/// What failed, why, what was not changed, what to do; and the exit code.
#[derive(Debug)]
pub struct Failed {
    /// For the person at the terminal.
    pub text: String,
    /// 1 failed, 2 wrong usage, 4 not enrolled or not allowed, 5 not found, 6 nothing is known.
    pub code: u8,
}

impl Failed {
    /// A failure with a code of its own.
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self { text: text.into(), code }
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(deeper) = source {
            let said = deeper.to_string();
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            source = deeper.source();
        }
        Self::new(1, text)
    }
}

/// Ends a program: says what failed, and gives the exit code.
#[expect(clippy::print_stderr, reason = "this is where a program speaks to the person who ran it")]
pub fn end(done: Result<std::process::ExitCode, Failed>) -> std::process::ExitCode {
    match done {
        Ok(code) => code,
        Err(failed) => {
            eprintln!("error: {}", failed.text);
            std::process::ExitCode::from(failed.code)
        }
    }
}
