//! The text of a unit for systemd --user, written and read by systemd's own rules
//! (systemd.syntax(7), systemd.service(5), "Command lines"). Pure.

use super::definition::Definition;

const WRITTEN_BY: &str = "# Written by `mcp-gateway service install` of MCP Gateway ";

/// Above the 38 s that a gateway takes at most to end its calls and servers.
const BODY: &str = "\
EnvironmentFile=-%E/mcp-gateway/service.env
Restart=on-failure
RestartSec=2
# A command line that is not understood, and a data folder that another gateway has: starting again
# would not help.
RestartPreventExitStatus=2 3
# Calls in flight may take 30 s to finish; then the servers are ended. Their processes are the
# gateway's to stop, so only it is told, and what is left at the end is killed.
KillMode=mixed
TimeoutStopSec=45
# A server that takes too much memory does not take the gateway along.
OOMPolicy=continue
LimitNOFILE=65536
# What is in memory, tokens among it, is written nowhere.
LimitCORE=0
# No sandbox: for a user's own service it would forbid setuid programs, and with them rootless
# containers and the sandbox of a browser, and hide /tmp and the files that servers are for.

[Install]
WantedBy=default.target
";

/// The unit as this version writes it.
pub(crate) fn render(definition: &Definition) -> String {
    let Definition {
        version,
        program,
        arguments,
        environment,
    } = definition;
    // Only arguments may have a dollar doubled; in the program's path it stands for itself where
    // nothing is replaced at all.
    let (lead, dollar) = if program.contains('$') {
        (":", "$")
    } else {
        ("", "$$")
    };
    let arguments: String = arguments
        .iter()
        .map(|one| format!(" {}", quoted(one).replace('$', dollar)))
        .collect();
    let environment: String = environment
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    format!(
        "{WRITTEN_BY}{version}.\n\
         # Further variables, such as MCP_GATEWAY_PASSPHRASE, go into ~/.config/mcp-gateway/service.env,\n\
         # which only you should be able to read; changes of this file, into `systemctl --user edit`.\n\
         [Unit]\n\
         Description=MCP Gateway\n\
         # Five failures within a minute, and it is left alone.\n\
         StartLimitIntervalSec=60\n\
         StartLimitBurst=5\n\n\
         [Service]\n\
         Type=exec\n\
         ExecStart={lead}{}{arguments}\n\
         {environment}{BODY}",
        quoted(program)
    )
}

/// What a unit starts, also where it was edited by hand; `None` where it starts nothing.
pub(crate) fn parse(text: &str) -> Option<Definition> {
    let mut version = String::new();
    let mut command = None;
    let mut environment = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(WRITTEN_BY) {
            version = rest.trim_end_matches('.').to_owned();
        } else if let Some(rest) = line.strip_prefix("ExecStart=") {
            command = Some(rest);
        } else if let Some(rest) = line.strip_prefix("Environment=") {
            // Nothing takes back what was set before (systemd.exec(5)).
            if rest.trim().is_empty() {
                environment.clear();
            }
            let pairs = words(rest).into_iter();
            environment.extend(pairs.filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            }));
        }
    }
    let command = command?.trim_start();
    let (is_verbatim, command) = match command.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, command),
    };
    let mut words = words(command).into_iter();
    Some(Definition {
        version,
        program: words.next()?,
        arguments: words
            .map(|word| match is_verbatim {
                true => word,
                false => word.replace("$$", "$"),
            })
            .collect(),
        environment,
    })
}

/// One word of a setting.
fn quoted(word: &str) -> String {
    let mut text = String::from('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '%' => text.push_str("%%"),
            '\t' => text.push_str("\\t"),
            c if c.is_ascii_control() => text.push_str(&format!("\\x{:02x}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// The words of a setting, without quotes and escapes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            c if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            '\\' => {
                let escaped = match chars.next() {
                    Some('t') => '\t',
                    Some('n') => '\n',
                    Some('s') => ' ',
                    Some('x') => {
                        let code: String = chars.by_ref().take(2).collect();
                        u8::from_str_radix(&code, 16).map_or('?', char::from)
                    }
                    Some(c) => c,
                    None => break,
                };
                word.get_or_insert_default().push(escaped);
            }
            c if c.is_whitespace() && quote.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
        .into_iter()
        .map(|word| word.replace("%%", "%"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::samples;

    #[test]
    fn a_unit_as_it_is_written() {
        insta::assert_snapshot!("unit", render(&samples::plain()));
        insta::assert_snapshot!("unit_odd", render(&samples::odd()));
        insta::assert_snapshot!("unit_dollar", render(&samples::dollar()));
    }

    #[test]
    fn what_was_written_is_read_again() {
        for definition in [samples::plain(), samples::odd(), samples::dollar()] {
            assert_eq!(parse(&render(&definition)), Some(definition));
        }
    }

    #[test]
    fn what_a_drop_in_says_counts() {
        let unit = render(&samples::plain());
        let whole = format!(
            "# /home/me/.config/systemd/user/mcp-gateway.service\n{unit}\n# …/override.conf\n[Service]\nExecStart=\nExecStart=/opt/mcp-gateway serve --data-dir=/d\nEnvironment=\nEnvironment=A=1\n"
        );
        let definition = parse(&whole).expect("it starts something");
        assert_eq!(definition.version, samples::plain().version);
        assert_eq!(definition.program, "/opt/mcp-gateway");
        assert_eq!(definition.data_dir(), Some("/d".into()));
        assert_eq!(definition.environment, [("A".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_unit_by_another_hand_is_understood() {
        let unit = "[Service]\nExecStart=/usr/bin/mcp-gateway -c '/home/a b/c.json' --data-dir=x \\x41\nEnvironment=A=1 \"B=2 3\"\n";
        let definition = parse(unit).expect("it starts something");
        assert_eq!(definition.version, "");
        assert_eq!(definition.program, "/usr/bin/mcp-gateway");
        assert_eq!(
            definition.arguments,
            ["-c", "/home/a b/c.json", "--data-dir=x", "A"]
        );
        assert_eq!(definition.environment.len(), 2);
        assert_eq!(parse("[Service]\n"), None);
    }
}
