//! Programs of a system that is not this one, for tests.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::programs::{CannotRun, Programs, Ran};

/// Answers each command, and keeps what it was told.
pub(crate) struct Scripted {
    answer: fn(&str) -> Result<&'static str, &'static str>,
    told: Rc<RefCell<Vec<String>>>,
}

impl Scripted {
    /// `answer` gives the standard output of a command that succeeds, or the standard error of
    /// one that fails.
    pub(crate) fn new(
        answer: fn(&str) -> Result<&'static str, &'static str>,
    ) -> (Self, Rc<RefCell<Vec<String>>>) {
        let told = Rc::default();
        let scripted = Self {
            answer,
            told: Rc::clone(&told),
        };
        (scripted, told)
    }
}

impl Programs for Scripted {
    fn run(&self, program: &str, args: &[&str], _deadline: Duration) -> Result<Ran, CannotRun> {
        let command = [&[program], args].concat().join(" ");
        let answer = (self.answer)(&command);
        self.told.borrow_mut().push(command.clone());
        Ok(Ran {
            command,
            success: answer.is_ok(),
            stdout: answer.unwrap_or_default().to_owned(),
            stderr: answer.err().unwrap_or_default().to_owned(),
        })
    }
}
