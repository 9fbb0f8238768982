//! A whole configuration file that can be changed: its object and the text around it.
//!
//! Owns where in a file a server has its three places: `servers`, `mapping`, `toolFilters`.

use super::entry::{self, says_filter, says_mapping};
use super::keys::Keys;
use super::members::{Members, container};
use super::placing::Above;
use super::style::{Spot, Style, Value};
use super::taken::{Neighbours, Taken};
use crate::config::form::ServerForm;
use crate::config::model::Site;

/// The order in which `config/defaults.jsonc` presents the keys of a file.
const ROOT: &[&str] = &[
    "$schema",
    "port",
    "gateway",
    "gatewayBaseUrl",
    "logLevel",
    "pool",
    "servers",
    "mapping",
    "toolFilters",
    "oauth",
    "mcpServer",
    "aliyunSites",
    "profiles",
    "history",
    "limits",
];

const GATEWAY: &[&str] = &["host", "port"];
const OAUTH: &[&str] = &["clientId", "clientIds", "site"];
const ALIYUN: &[&str] = &["baseUrl", "services", "token"];

/// The keys below which a server's name is a key in turn.
const BY_NAME: [&str; 2] = ["mapping", "toolFilters"];

/// A file whose text was found to be sound.
pub(super) struct Document<'t> {
    before: &'t str,
    root: Members,
    behind: &'t str,
    style: Style,
}

impl<'t> Document<'t> {
    /// `None` for a text that is no JSON object.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let mark = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let range = container(&text[mark..])?;
        let (start, end) = (mark + range.start, mark + range.end);
        let root = Members::of(&text[start..end])?;
        let lead = root.items.first().map(|item| item.lead.as_str());
        Some(Self {
            before: &text[..start],
            style: Style::of(text, lead),
            root,
            behind: &text[end..],
        })
    }

    pub(super) fn text(&self) -> String {
        format!(
            "{}{}{}",
            self.before,
            self.root.text(&self.style),
            self.behind
        )
    }

    /// Puts a new server behind the others.
    pub(super) fn add(&mut self, form: &ServerForm) {
        self.root()
            .within_new("servers", &Value::List(Vec::new()), |servers, spot| {
                let at = servers.items.len();
                servers.insert_object(at, None, spot, |entry, spot| {
                    entry::write_entry(entry, form, spot);
                });
            });
        self.say_by_name(form);
    }

    /// Makes the places of the server that is number `index` say what the form says.
    pub(super) fn change(&mut self, index: usize, old_name: &str, form: &ServerForm) {
        let mut root = self.root();
        root.within("servers", |servers, spot| {
            servers.within(index, spot, |entry, spot| {
                entry::write_entry(entry, form, spot);
            })
        });
        if old_name != form.name {
            for place in BY_NAME {
                root.within(place, |entries, _| {
                    if let Some(at) = entries.find(old_name) {
                        entries.items[at].rekey(&form.name);
                    }
                });
            }
        }
        self.say_by_name(form);
    }

    /// Whether two servers' names both stand under one of the keys that are by name.
    pub(super) fn says_both(&mut self, one: &str, other: &str) -> bool {
        BY_NAME.iter().any(|place| {
            let both = self.root().within(place, |entries, _| {
                entries.find(one).is_some() && entries.find(other).is_some()
            });
            both == Some(true)
        })
    }

    /// Takes a server out of its places.
    pub(super) fn take(&mut self, index: usize, name: &str) -> Taken {
        let mut root = self.root();
        let entry = root.within("servers", |servers, _| servers.remove(index, Above::Go));
        let by_name = BY_NAME.map(|place| {
            let found = root.within(place, |entries, _| {
                let at = entries.find(name)?;
                let names = Neighbours::of(entries.items.iter().map(|item| &*item.name), at);
                Some((entries.remove(at, Above::Go), names))
            });
            found.flatten()
        });
        Taken { entry, by_name }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.root.find(key).is_some()
    }

    /// Writes what there is of a site and a client id, which is kept for the site in force.
    pub(super) fn set_account(
        &mut self,
        site: Option<Site>,
        client_id: Option<&str>,
        in_force: Option<Site>,
    ) {
        if site.is_none() && client_id.is_none() {
            return;
        }
        let empty = Value::Table(Vec::new());
        self.root().within_new("oauth", &empty, |oauth, spot| {
            let mut keys = Keys {
                members: oauth,
                spot,
                order: OAUTH,
            };
            if let Some(site) = site {
                keys.text("site", Some(site.word()));
            }
            match in_force {
                None if client_id.is_some() => keys.text("clientId", client_id),
                Some(in_force) if client_id.is_some() => {
                    keys.within_new("clientIds", &empty, |ids, spot| {
                        let mut keys = Keys {
                            members: ids,
                            spot,
                            order: &["intl", "cn"],
                        };
                        keys.text(in_force.word(), client_id);
                    });
                }
                _ => {}
            }
        });
    }

    /// Replaces the credential of all services.
    pub(super) fn set_services_token(&mut self, token: &str) {
        self.root().within("mcpServer", |aliyun, spot| {
            let mut keys = Keys {
                members: aliyun,
                spot,
                order: ALIYUN,
            };
            keys.text("token", Some(token));
        });
    }

    /// Puts a new service behind the others.
    pub(super) fn add_service(&mut self, alias: &str, path: &str) {
        let empty = Value::Table(Vec::new());
        self.root().within_new("mcpServer", &empty, |aliyun, spot| {
            let mut keys = Keys {
                members: aliyun,
                spot,
                order: ALIYUN,
            };
            keys.within_new("services", &empty, |services, spot| {
                let mut keys = Keys {
                    members: services,
                    spot,
                    order: &[],
                };
                keys.exact_text(alias, Some(path));
            });
        });
    }

    /// Takes a service out of its places. `mcpServer` stays: a file that has it means another
    /// port than one that has not.
    pub(super) fn remove_service(&mut self, alias: &str) {
        self.root().within("mcpServer", |aliyun, spot| {
            let mut keys = Keys {
                members: aliyun,
                spot,
                order: ALIYUN,
            };
            keys.within("services", |services, _| {
                if let Some(at) = services.find(alias) {
                    services.remove(at, Above::Go);
                }
            });
        });
        for place in BY_NAME {
            self.root().within(place, |entries, _| {
                if let Some(at) = entries.find(alias) {
                    entries.remove(at, Above::Go);
                }
            });
        }
    }

    /// Puts a server back that was taken out of an earlier text, as number `index`.
    pub(super) fn put_back(&mut self, index: usize, taken: Taken) {
        let mut root = self.root();
        if let Some(entry) = taken.entry {
            root.within_new("servers", &Value::List(Vec::new()), |servers, spot| {
                servers.graft(index, entry, spot);
            });
        }
        for (place, found) in BY_NAME.into_iter().zip(taken.by_name) {
            let Some((entry, neighbours)) = found else {
                continue;
            };
            root.within_new(place, &Value::Table(Vec::new()), |entries, spot| {
                let at = neighbours.place(entries.items.iter().map(|item| &*item.name));
                entries.graft(at, entry, spot);
            });
        }
    }

    /// The text of one entry with the comments that are its own, as far left as it goes.
    pub(super) fn entry(&mut self, index: usize) -> Option<String> {
        self.root()
            .within("servers", |servers, _| {
                Some(servers.items.get(index)?.own_text())
            })
            .flatten()
    }

    /// Writes the port where the file has it, or where files of its shape have it.
    pub(super) fn set_port(&mut self, port: u16) {
        let port = u64::from(port);
        let mut root = self.root();
        let in_gateway = root.within("gateway", |gateway, _| gateway.value("port").is_some());
        let at_top = root.members.value("port").is_some();
        if at_top {
            root.number("port", Some(port));
        }
        match (in_gateway, at_top) {
            (Some(true), _) | (Some(false), false) => {
                root.within("gateway", |gateway, spot| {
                    let mut keys = Keys {
                        members: gateway,
                        spot,
                        order: GATEWAY,
                    };
                    keys.number("port", Some(port));
                });
            }
            (_, true) => {}
            (None, false) => {
                let aliyun = ["oauth", "mcpServer"].map(|key| root.members.find(key));
                if aliyun.iter().any(Option::is_some) {
                    root.number("port", Some(port));
                } else {
                    let gateway = vec![("port".to_owned(), Value::Number(port))];
                    root.write("gateway", &Value::Table(gateway));
                }
            }
        }
    }

    /// `mapping` and `toolFilters`; an entry that has nothing left to say goes.
    pub(super) fn say_by_name(&mut self, form: &ServerForm) {
        type Write = fn(&mut Members, &ServerForm, Spot<'_>);
        let places: [(&str, bool, Write); 2] = [
            ("mapping", says_mapping(form), entry::write_mapping),
            ("toolFilters", says_filter(form), entry::write_filter),
        ];
        let mut root = self.root();
        for (place, says, write) in places {
            if says {
                root.within_new(
                    place,
                    &Value::Table(Vec::new()),
                    |entries, spot| match entries.find(&form.name) {
                        Some(at) => {
                            entries.within(at, spot, |entry, spot| write(entry, form, spot));
                        }
                        None => {
                            let at = entries.items.len();
                            entries.insert_object(at, Some(&form.name), spot, |entry, spot| {
                                write(entry, form, spot);
                            });
                        }
                    },
                );
            } else {
                root.within(place, |entries, spot| {
                    let mut keys = Keys {
                        members: entries,
                        spot,
                        order: &[],
                    };
                    keys.emptied(&form.name, |entry, spot| write(entry, form, spot));
                });
            }
        }
    }

    fn root(&mut self) -> Keys<'_, '_> {
        Keys {
            members: &mut self.root,
            spot: Spot {
                style: &self.style,
                indent: "",
                inline: false,
            },
            order: ROOT,
        }
    }
}
