//! The text of a property list for launchd (launchd.plist(5)). Pure.

use super::definition::Definition;
use super::xml::{between, escaped, text, texts};

/// As launchd calls it.
pub(crate) const LABEL: &str = "io.github.mcp-gateway.service";

const WRITTEN_BY: &str = "<!-- Written by `mcp-gateway service install` of MCP Gateway ";

/// The property list as this version writes it; what the gateway prints goes to `log`.
pub(crate) fn render(definition: &Definition, log: &str) -> String {
    let Definition {
        version,
        program,
        arguments,
        environment,
    } = definition;
    let arguments: String = std::iter::once(program)
        .chain(arguments)
        .map(|one| format!("    <string>{}</string>\n", escaped(one)))
        .collect();
    let environment: String = environment
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("    <key>{name}</key>\n    <string>{value}</string>\n")
        })
        .collect();
    let log = escaped(log);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
{WRITTEN_BY}{version}. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{arguments}  </array>
  <key>EnvironmentVariables</key>
  <dict>
{environment}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- Started again after a failure, not after an orderly end. -->
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <!-- Calls in flight may take 30 s to finish; then the servers are ended. -->
  <key>ExitTimeOut</key>
  <integer>45</integer>
  <!-- launchd gives a program 256 otherwise. -->
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>10240</integer>
    <key>Core</key>
    <integer>0</integer>
  </dict>
  <key>StandardOutPath</key>
  <string>{log}</string>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
    )
}

/// What a property list of this form starts.
pub(crate) fn parse(plist: &str) -> Option<Definition> {
    let version = between(plist, WRITTEN_BY, ". -->").unwrap_or_default();
    let section = |key: &str, end: &str| between(plist, &format!("<key>{key}</key>"), end);
    let mut command = texts(section("ProgramArguments", "</array>")?, "string");
    let program = command.next()?;
    let arguments = command.collect();
    let variables = section("EnvironmentVariables", "</dict>").unwrap_or_default();
    Some(Definition {
        version: version.to_owned(),
        program,
        arguments,
        environment: texts(variables, "key")
            .zip(texts(variables, "string"))
            .collect(),
    })
}

/// Where what the gateway prints goes.
pub(crate) fn log(plist: &str) -> Option<String> {
    let section = plist.split_once("<key>StandardErrorPath</key>")?.1;
    text(section, "string")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::samples;

    const LOG: &str = "/Users/me/Library/Logs/mcp-gateway.log";

    #[test]
    fn a_property_list_as_it_is_written() {
        insta::assert_snapshot!("plist", render(&samples::plain(), LOG));
        insta::assert_snapshot!("plist_odd", render(&samples::odd(), LOG));
    }

    #[test]
    fn what_was_written_is_read_again() {
        for definition in [samples::plain(), samples::odd()] {
            let written = render(&definition, LOG);
            assert_eq!(log(&written).as_deref(), Some(LOG));
            assert_eq!(parse(&written), Some(definition));
        }
        assert_eq!(parse("bplist00"), None);
    }

    #[test]
    fn it_is_well_formed() {
        let written = render(&samples::odd(), LOG);
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        };
        let document = roxmltree::Document::parse_with_options(&written, options);
        let document = document.expect("well-formed");
        let program = document.descendants().find(|node| {
            node.parent_element()
                .is_some_and(|parent| parent.has_tag_name("array"))
                && node.has_tag_name("string")
        });
        let program = program.and_then(|node| node.text()).map(str::to_owned);
        assert_eq!(program, Some(samples::odd().program));
    }
}
