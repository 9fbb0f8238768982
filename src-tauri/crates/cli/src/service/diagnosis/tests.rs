use gateway::instance::Kind;
use gateway::words::Language;

use super::super::manager::End;
use super::super::{report, samples};
use super::*;

/// A service that runs as it should.
fn well() -> Facts {
    Facts {
        config: ConfigFact::Sound("/home/me/.config/mcp-gateway/config.json".into()),
        manager: "systemd --user",
        reach: Ok(()),
        installed: installed(samples::plain(), true),
        observed: Observed {
            starts_at_login: Some(true),
            process: Process::Running { pid: Some(7) },
        },
        occupant: Some(occupant(7, Kind::Service { stop: None })),
        answer: Answer::Said {
            version: "1.2.3".to_owned(),
            servers: 3,
            troubled: Vec::new(),
        },
        lines: Vec::new(),
        hint: None,
        version: "1.2.3",
    }
}

fn installed(definition: Definition, program_exists: bool) -> Installed {
    Installed::Yes {
        path: "/home/me/.config/systemd/user/mcp-gateway.service".into(),
        definition,
        program_exists,
    }
}

fn occupant(pid: u32, kind: Kind) -> Occupant {
    Occupant {
        pid,
        kind,
        addresses: vec!["127.0.0.1:4298".parse().expect("an address")],
        started: 0,
        leaving: false,
    }
}

/// One that does not run.
fn down(process: Process) -> Facts {
    let well = well();
    Facts {
        observed: Observed {
            process,
            ..well.observed.clone()
        },
        occupant: None,
        answer: Answer::NotAsked,
        ..well
    }
}

fn failed(end: End, again: bool) -> Facts {
    Facts {
        lines: vec!["error: port 4298 is taken by node\u{1b}[0m".to_owned()],
        ..down(Process::Failed { end, again })
    }
}

/// The report in both languages, with its exit code.
fn check(name: &str, facts: &Facts, exit_code: u8) {
    let diagnosis = Diagnosis::of(facts);
    assert_eq!(diagnosis.exit_code, exit_code, "{name}: {diagnosis:#?}");
    let shown = |language| {
        crate::language::speak(language);
        let mut out = Vec::new();
        report::print(&diagnosis, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    };
    let (english, chinese) = (shown(Language::English), shown(Language::Chinese));
    insta::assert_snapshot!(name, format!("{english}\n{chinese}"));
}

#[test]
fn a_service_that_is_well() {
    check("well", &well(), 0);
    let mut facts = well();
    facts.hint = Some(Words::new("let it linger", "保持运行"));
    facts.answer = Answer::Said {
        version: "1.2.3".to_owned(),
        servers: 3,
        troubled: vec![
            ("files".to_owned(), "failing".to_owned()),
            ("mail".to_owned(), "needsSignIn".to_owned()),
        ],
    };
    check("well_but_its_servers", &facts, 0);
}

#[test]
fn the_configuration() {
    let broken = ConfigFact::Broken("config.json:2:11: port: not a number\nand more".to_owned());
    let facts = Facts {
        config: broken.clone(),
        ..failed(End::Code(1), true)
    };
    check("config_broken", &facts, 3);
    let facts = Facts {
        config: broken,
        ..well()
    };
    check("config_broken_while_it_runs", &facts, 0);
    let facts = Facts {
        config: ConfigFact::Demo,
        installed: Installed::No,
        ..down(Process::Stopped)
    };
    check("nothing_at_all", &facts, 4);
}

#[test]
fn the_service_manager() {
    let trouble = Trouble::new(
        Words::new("no bus", "没有总线"),
        Words::new("log in", "请登录"),
    );
    let facts = Facts {
        reach: Err(trouble),
        observed: Observed::default(),
        ..down(Process::Unknown)
    };
    check("manager_out_of_reach", &facts, 4);
    let facts = Facts {
        config: ConfigFact::Demo,
        installed: Installed::No,
        ..facts
    };
    // Nobody is sent to install what cannot be installed here.
    for layer in Diagnosis::of(&facts).layers {
        let remedy = layer.remedy.unwrap_or_else(|| Words::new("", ""));
        assert!(!remedy.en.contains("service install"), "{remedy:?}");
        assert!(!remedy.zh.contains("service install"), "{remedy:?}");
    }
}

#[test]
fn the_installation() {
    let facts = Facts {
        installed: Installed::No,
        observed: Observed {
            starts_at_login: Some(false),
            process: Process::Stopped,
        },
        ..down(Process::Stopped)
    };
    check("not_installed", &facts, 4);
    let facts = Facts {
        installed: installed(samples::plain(), false),
        ..failed(End::Code(203), false)
    };
    check("program_gone", &facts, 3);
    let older = Definition {
        version: "1.0.0".to_owned(),
        ..samples::plain()
    };
    let facts = Facts {
        installed: installed(older, true),
        ..well()
    };
    check("installed_by_another_version", &facts, 0);
    let facts = Facts {
        installed: Installed::Strange("/home/me/x.service".into()),
        ..down(Process::Stopped)
    };
    check("a_strange_definition", &facts, 3);
}

#[test]
fn the_registration() {
    let mut facts = well();
    facts.observed.starts_at_login = Some(false);
    check("not_at_login", &facts, 0);
}

#[test]
fn the_process() {
    check("stopped", &down(Process::Stopped), 3);
    // Neither stopped nor well: not yet, or no more.
    check("starting", &down(Process::Starting), 1);
    let without_note = Facts {
        lines: vec!["reading the configuration".to_owned()],
        ..down(Process::Running { pid: Some(7) })
    };
    check("it_says_not_where", &without_note, 1);
    check("stopping", &down(Process::Stopping), 3);
    check("failed", &failed(End::Code(1), true), 3);
    check("killed", &failed(End::Signal(9), false), 3);
    for (name, kind) in [
        ("the_app_has_the_folder", Kind::Desktop),
        ("a_terminal_has_the_folder", Kind::Headless),
    ] {
        let facts = Facts {
            occupant: Some(occupant(4711, kind)),
            ..failed(End::Code(3), false)
        };
        check(name, &facts, 3);
    }
}

#[test]
fn the_health() {
    let facts = Facts {
        answer: Answer::Silent("it did not answer in time".to_owned()),
        lines: vec!["last words".to_owned()],
        ..well()
    };
    check("silent", &facts, 1);
    let facts = Facts {
        answer: Answer::Said {
            version: "1.0.0".to_owned(),
            servers: 1,
            troubled: Vec::new(),
        },
        ..well()
    };
    check("another_version_runs", &facts, 0);
}

#[test]
fn whose_gateway_it_is() {
    let own = |process, kind| {
        let mut facts = well();
        facts.observed.process = process;
        facts.occupant = Some(occupant(7, kind));
        facts.own().is_some()
    };
    assert!(own(Process::Running { pid: Some(7) }, Kind::Headless));
    assert!(own(Process::Running { pid: None }, Kind::Headless));
    assert!(!own(Process::Running { pid: Some(8) }, Kind::Headless));
    assert!(!own(Process::Stopped, Kind::Headless));
    assert!(own(Process::Unknown, Kind::Headless));
    assert!(!own(Process::Unknown, Kind::Desktop));
}

#[test]
fn as_json_both_languages_are_there() {
    let json = serde_json::to_value(Diagnosis::of(&down(Process::Stopped))).expect("JSON");
    assert_eq!(json["exitCode"], 3);
    assert_eq!(json["layers"][4]["id"], "process");
    assert_eq!(json["layers"][4]["state"], "problem");
    assert_eq!(json["layers"][4]["said"]["zh"], "没有运行");
    assert_eq!(
        json["layers"][4]["remedy"]["en"],
        "mcp-gateway service start"
    );
}
