//! The text of a task for the Windows Task Scheduler, version 1.2 of its schema. Pure.

use super::definition::Definition;
use super::xml::{escaped, text};

/// As the Task Scheduler calls it.
pub(crate) const NAME: &str = "MCP Gateway";

const WRITTEN_BY: &str = "Written by `mcp-gateway service install` of MCP Gateway ";

/// Gives a program of the console no window.
const HEADLESS: &str = "--headless ";

/// The task as this version writes it, for one user, whose session it runs in without more
/// rights than the user's own. A task knows no environment, so the definition has none.
pub(crate) fn render(definition: &Definition, user: &str) -> String {
    let Definition {
        version,
        program,
        arguments,
        ..
    } = definition;
    let user = escaped(user);
    let command: Vec<_> = std::iter::once(program)
        .chain(arguments)
        .map(|word| quoted(word))
        .collect();
    let command = escaped(&command.join(" "));
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{WRITTEN_BY}{version}.</Description>
    <URI>\{NAME}</URI>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%SystemRoot%\System32\conhost.exe</Command>
      <Arguments>{HEADLESS}{command}</Arguments>
    </Exec>
  </Actions>
</Task>
"#
    )
}

/// What a task of this form starts.
pub(crate) fn parse(task: &str) -> Option<Definition> {
    let description = text(task, "Description").unwrap_or_default();
    let version = description.strip_prefix(WRITTEN_BY).unwrap_or_default();
    let command = text(task, "Arguments")?;
    let command = command.strip_prefix(HEADLESS).unwrap_or(&command);
    let mut words = words(command).into_iter();
    Some(Definition {
        version: version.trim_end_matches('.').to_owned(),
        program: words.next()?,
        arguments: words.collect(),
        environment: Vec::new(),
    })
}

/// Whether the task starts by itself, from the XML that the Task Scheduler tells.
pub(crate) fn is_enabled(task: &str) -> bool {
    let settings = task.split_once("<Settings>").map_or("", |(_, rest)| rest);
    let settings = settings
        .split_once("</Settings>")
        .map_or("", |(one, _)| one);
    text(settings, "Enabled").is_none_or(|enabled| enabled.trim() != "false")
}

/// The file as `schtasks /create /xml` takes it: UTF-16 with its mark.
pub(crate) fn encoded(text: &str) -> Vec<u8> {
    let units = text.replace('\n', "\r\n");
    let units = std::iter::once(0xfeff).chain(units.encode_utf16().collect::<Vec<_>>());
    units.flat_map(u16::to_le_bytes).collect()
}

/// That file as text.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let text = match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(units) => {
            let units = units.chunks_exact(2);
            let units: Vec<_> = units
                .map(|two| u16::from_le_bytes([two[0], two[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.replace("\r\n", "\n")
}

/// One word of a command line, as programs for Windows take theirs apart (`CommandLineToArgvW`):
/// backslashes count only before a quotation mark.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=.,:\\/".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::from('"');
    let mut backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                text.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        text.push(c);
    }
    text.extend(std::iter::repeat_n('\\', backslashes));
    text.push('"');
    text
}

/// Such a command line taken apart.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut is_quoted, mut backslashes) = (false, 0);
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let held = std::mem::take(&mut backslashes);
        let kept = if c == '"' { held / 2 } else { held };
        if kept > 0 {
            word.get_or_insert_default()
                .extend(std::iter::repeat_n('\\', kept));
        }
        match c {
            '"' if held % 2 == 1 => word.get_or_insert_default().push('"'),
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default()
            .extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::samples;

    /// On Windows, where a path ends in what would escape a quotation mark.
    fn on_windows() -> Definition {
        Definition {
            program: r"C:\Program Files\MCP Gateway\mcp-gateway.exe".to_owned(),
            arguments: ["serve", "--data-dir", r"D:\my data\"]
                .map(str::to_owned)
                .to_vec(),
            environment: Vec::new(),
            ..samples::plain()
        }
    }

    fn odd() -> Definition {
        Definition {
            environment: Vec::new(),
            ..samples::odd()
        }
    }

    #[test]
    fn a_task_as_it_is_written() {
        insta::assert_snapshot!("task", render(&on_windows(), r"DESK\me & co"));
    }

    #[test]
    fn what_was_written_is_read_again() {
        for definition in [on_windows(), odd()] {
            let written = render(&definition, r"DESK\me");
            assert_eq!(decoded(&encoded(&written)), written);
            assert_eq!(parse(&written), Some(definition));
        }
    }

    #[test]
    fn it_is_well_formed_and_enabled() {
        let written = render(&odd(), "me");
        let document = roxmltree::Document::parse(&written).expect("well-formed");
        let arguments = document
            .descendants()
            .find(|node| node.tag_name().name() == "Arguments")
            .and_then(|node| node.text());
        assert!(
            arguments.is_some_and(|text| text.contains("<b> & ")),
            "{arguments:?}"
        );
        assert!(is_enabled(&written));
        let off = written.replace(
            "<Enabled>true</Enabled>\n    <Hidden>",
            "<Enabled>false</Enabled>\n    <Hidden>",
        );
        assert!(!is_enabled(&off));
    }
}
