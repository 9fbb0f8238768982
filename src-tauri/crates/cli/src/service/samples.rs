//! Definitions for the tests of every format.

use super::definition::Definition;

pub(super) fn plain() -> Definition {
    Definition {
        version: "1.2.3".to_owned(),
        program: "/usr/bin/mcp-gateway".to_owned(),
        arguments: [
            "serve",
            "--config",
            "/home/me/.config/mcp-gateway/config.json",
            "--data-dir",
            "/home/me/.local/share/mcp-gateway",
        ]
        .map(str::to_owned)
        .to_vec(),
        environment: vec![("LANG".to_owned(), "zh_CN.UTF-8".to_owned())],
    }
}

/// With whatever means something to a service manager.
pub(super) fn odd() -> Definition {
    Definition {
        version: "1.2.3".to_owned(),
        program: "/opt/50% <b> & co/mcp-gateway".to_owned(),
        arguments: [
            "serve",
            "--config",
            r"/home/我/100%h $HOME/${x} \n\",
            "--log-level",
            "info,gateway=debug",
            "",
            r#"a"b\"#,
        ]
        .map(str::to_owned)
        .to_vec(),
        environment: vec![(
            "OAUTH_SCOPE".to_owned(),
            r#"/acs/mcp "$5" %i & <x>"#.to_owned(),
        )],
    }
}

pub(super) fn dollar() -> Definition {
    Definition {
        program: "/opt/$HOME/mcp-gateway".to_owned(),
        ..odd()
    }
}
