//! `cargo xtask test`: runs the steps of [`steps`], each streamed, and sums up.

mod conformance;
mod elsewhere;
mod end_to_end;
mod fuzz;
mod peers;
mod steps;
mod summary;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::words::said;
use steps::{Outcome, STEPS, Step};
use summary::{Line, Verdict};

/// What may be asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these steps, nothing before them · 只运行这些步骤,不运行其前置步骤
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<String>,
    /// Name the steps and do nothing · 只列出步骤
    #[arg(long)]
    list: bool,
}

/// Runs the steps in the order of the table. A step that fails hides only the
/// steps that need it; these count as failed too.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let chosen = choose(STEPS, &options.only)?;
    if options.list {
        for step in &chosen {
            println!("{:<14}{}", step.name, step.about());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines: Vec<Line> = Vec::new();
    for (number, step) in (1..).zip(&chosen) {
        println!(
            "\n=== {} {number}/{} {}: {}",
            said("step", "步骤"),
            chosen.len(),
            step.name,
            step.about()
        );
        let begun = Instant::now();
        let verdict = match hindrance(step, &lines) {
            Some(needed) => Verdict::Hindered(needed),
            None => verdict(step, begun),
        };
        println!("--- {} {}", step.name, verdict);
        lines.push(Line {
            name: step.name,
            verdict,
            took: begun.elapsed(),
        });
    }
    print!("{}", summary::table(&lines));
    Ok(if lines.iter().all(|line| line.verdict.is_fine()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn choose<'a>(steps: &'a [Step], only: &[String]) -> anyhow::Result<Vec<&'a Step>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| !steps.iter().any(|step| step.name == **name))
    {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        bail!(
            "{}: {unknown} ({})",
            said("no such step", "没有这个步骤"),
            names.join(", ")
        );
    }
    Ok(steps
        .iter()
        .filter(|step| match only {
            [] => !steps::BY_NAME_ALONE.contains(&step.name),
            only => only.iter().any(|name| name == step.name),
        })
        .collect())
}

/// The needed step that ran before and did not pass. One that was not chosen
/// is believed to have been run earlier.
fn hindrance(step: &Step, lines: &[Line]) -> Option<&'static str> {
    lines
        .iter()
        .find(|line| step.needs.contains(&line.name) && !line.verdict.is_fine())
        .map(|line| line.name)
}

fn verdict(step: &Step, begun: Instant) -> Verdict {
    match (step.run)(begun + Duration::from_secs(60 * step.minutes)) {
        Ok(Outcome::Done) => Verdict::Passed,
        Ok(Outcome::Skipped(why)) => Verdict::Skipped(why),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    }
}

// === impl Options ===

impl Options {
    /// These steps.
    pub(crate) fn only(names: &[&str]) -> Self {
        Self {
            only: names.iter().map(|name| (*name).to_owned()).collect(),
            list: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_with_the_names_there_are() {
        let error = choose(STEPS, &["clipy".to_owned()]).expect_err("a typing error");
        assert!(error.to_string().contains("clippy"), "{error}");
    }

    #[test]
    fn the_order_is_the_tables_whatever_was_typed() {
        let chosen = choose(STEPS, &["test".to_owned(), "fmt".to_owned()]).expect("both exist");
        assert_eq!(
            chosen.iter().map(|step| step.name).collect::<Vec<_>>(),
            ["fmt", "test"]
        );
    }

    #[test]
    fn needed_steps_exist_and_come_first() {
        for (index, step) in STEPS.iter().enumerate() {
            for needed in step.needs {
                assert!(
                    STEPS[..index].iter().any(|earlier| earlier.name == *needed),
                    "{} needs {needed}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn only_what_needs_the_failed_step_is_hindered() {
        let failed = Line {
            name: "build",
            verdict: Verdict::Failed(String::new()),
            took: Duration::ZERO,
        };
        let step = |name| {
            STEPS
                .iter()
                .find(|step| step.name == name)
                .expect("in the table")
        };
        assert_eq!(
            hindrance(step("test"), std::slice::from_ref(&failed)),
            Some("build")
        );
        assert_eq!(hindrance(step("deny"), std::slice::from_ref(&failed)), None);
    }
}
