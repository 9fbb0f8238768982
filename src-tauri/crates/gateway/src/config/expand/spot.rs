//! The texts of a server in which references are read.

use crate::config::model::{Auth, ServerConfig, Transport};

/// Where one of them stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The program, or an argument of it.
    Command(usize),
    /// The value of a variable.
    Env(usize),
    /// The address.
    Url,
    /// The value of a header.
    Header(usize),
    /// The secret of a client that was registered beforehand.
    ClientSecret,
}

// === impl Spot ===

impl Spot {
    /// Every such text of a server, in the order of the file.
    pub fn all(server: &ServerConfig) -> Vec<Self> {
        let mut spots = Vec::new();
        match &server.transport {
            Transport::Local { command, env, .. } => {
                spots.extend((0..command.len()).map(Self::Command));
                spots.extend((0..env.len()).map(Self::Env));
            }
            Transport::Remote { headers, .. } => {
                spots.push(Self::Url);
                spots.extend((0..headers.len()).map(Self::Header));
            }
        }
        if let Auth::OAuth(oauth) = &server.auth
            && oauth.client_secret.is_some()
        {
            spots.push(Self::ClientSecret);
        }
        spots
    }

    /// The text, if the server has this spot.
    pub fn text(self, server: &ServerConfig) -> Option<&str> {
        let text = match (self, &server.transport, &server.auth) {
            (Self::Command(at), Transport::Local { command, .. }, _) => command.get(at),
            (Self::Env(at), Transport::Local { env, .. }, _) => env.get(at).map(|(_, v)| v),
            (Self::Url, Transport::Remote { url, .. }, _) => Some(url),
            (Self::Header(at), Transport::Remote { headers, .. }, _) => {
                headers.get(at).map(|(_, v)| v)
            }
            (Self::ClientSecret, _, Auth::OAuth(oauth)) => oauth.client_secret.as_ref(),
            _ => None,
        };
        text.map(String::as_str)
    }

    /// Puts another text in its place.
    pub fn set(self, server: &mut ServerConfig, text: String) {
        let place = match (self, &mut server.transport, &mut server.auth) {
            (Self::Command(at), Transport::Local { command, .. }, _) => command.get_mut(at),
            (Self::Env(at), Transport::Local { env, .. }, _) => env.get_mut(at).map(|(_, v)| v),
            (Self::Url, Transport::Remote { url, .. }, _) => Some(url),
            (Self::Header(at), Transport::Remote { headers, .. }, _) => {
                headers.get_mut(at).map(|(_, v)| v)
            }
            (Self::ClientSecret, _, Auth::OAuth(oauth)) => oauth.client_secret.as_mut(),
            _ => None,
        };
        if let Some(place) = place {
            *place = text;
        }
    }

    /// The name that the text has there: of the variable or the header.
    pub fn name(self, server: &ServerConfig) -> Option<&str> {
        match (self, &server.transport) {
            (Self::Env(at), Transport::Local { env, .. }) => env.get(at).map(|(name, _)| &**name),
            (Self::Header(at), Transport::Remote { headers, .. }) => {
                headers.get(at).map(|(name, _)| &**name)
            }
            _ => None,
        }
    }

    /// What people call it: `command[1]`, `env.TOKEN`, `url`, `headers.Authorization`.
    pub fn path(self, server: &ServerConfig) -> String {
        let name = self.name(server).unwrap_or_default();
        match self {
            Self::Command(at) => format!("command[{at}]"),
            Self::Env(_) => format!("env.{name}"),
            Self::Url => "url".to_owned(),
            Self::Header(_) => format!("headers.{name}"),
            Self::ClientSecret => "auth.clientSecret".to_owned(),
        }
    }
}
