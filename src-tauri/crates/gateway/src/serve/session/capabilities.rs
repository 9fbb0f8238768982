//! What a client declared at `initialize`. Pure.

/// See the module; as far as the gateway must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Capabilities(u8);

impl Capabilities {
    const SAMPLING: u8 = 1;
    const SAMPLING_TOOLS: u8 = 2;
    const ELICITATION_FORM: u8 = 4;
    const ELICITATION_URL: u8 = 8;
    const ROOTS: u8 = 16;

    /// From the raw `capabilities` of an `initialize` request.
    pub(crate) fn read(raw: &[u8]) -> Self {
        // In one walk: a modern client declares them with each request.
        let [sampling, roots, elicitation] = members(raw, ["sampling", "roots", "elicitation"]);
        let mut bits = 0;
        if let Some(sampling) = sampling {
            bits |= Self::SAMPLING;
            if let [Some(_)] = members(sampling, ["tools"]) {
                bits |= Self::SAMPLING_TOOLS;
            }
        }
        if roots.is_some() {
            bits |= Self::ROOTS;
        }
        if let Some(elicitation) = elicitation {
            let [form, url] = members(elicitation, ["form", "url"]);
            // An empty object means forms alone (MCP 2025-11-25, "Elicitation / Capabilities").
            if form.is_some() || url.is_none() {
                bits |= Self::ELICITATION_FORM;
            }
            if url.is_some() {
                bits |= Self::ELICITATION_URL;
            }
        }
        Self(bits)
    }

    /// As a client would declare them.
    pub(crate) fn written(self) -> String {
        let has = |bit: u8| self.0 & bit != 0;
        let flag = |bit: u8, name: &str| match has(bit) {
            true => format!(r#""{name}":{{}}"#),
            false => String::new(),
        };
        let mut members = Vec::new();
        if has(Self::SAMPLING) {
            let tools = flag(Self::SAMPLING_TOOLS, "tools");
            members.push(format!(r#""sampling":{{{tools}}}"#));
        }
        if has(Self::ELICITATION_FORM | Self::ELICITATION_URL) {
            let modes = [
                flag(Self::ELICITATION_FORM, "form"),
                flag(Self::ELICITATION_URL, "url"),
            ];
            let modes = modes.join(
                if has(Self::ELICITATION_FORM) && has(Self::ELICITATION_URL) {
                    ","
                } else {
                    ""
                },
            );
            members.push(format!(r#""elicitation":{{{modes}}}"#));
        }
        if has(Self::ROOTS) {
            members.push(r#""roots":{}"#.to_owned());
        }
        format!("{{{}}}", members.join(","))
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a client with these may be sent a sampling request.
    pub(crate) const fn samples(self, with_tools: bool) -> bool {
        self.0 & Self::SAMPLING != 0 && (!with_tools || self.0 & Self::SAMPLING_TOOLS != 0)
    }

    /// Whether it may be asked for its roots.
    pub(crate) const fn has_roots(self) -> bool {
        self.0 & Self::ROOTS != 0
    }

    /// Whether it may be sent an elicitation.
    pub(crate) const fn elicits(self, by_url: bool) -> bool {
        self.0
            & (if by_url {
                Self::ELICITATION_URL
            } else {
                Self::ELICITATION_FORM
            })
            != 0
    }
}

/// The raw values of these members of an object, the first of each.
fn members<'a, const N: usize>(object: &'a [u8], names: [&str; N]) -> [Option<&'a [u8]>; N] {
    let mut found = [None; N];
    for member in wire::members(object) {
        let key = member.key.of(object);
        if let Some(at) = names.iter().position(|name| name.as_bytes() == key) {
            found[at].get_or_insert(member.value.of(object));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for bits in 0..32 {
            let read = Capabilities::from_bits(bits);
            // Tools belong to sampling.
            if bits & Capabilities::SAMPLING_TOOLS == 0 || bits & Capabilities::SAMPLING != 0 {
                let written = read.written();
                assert_eq!(Capabilities::read(written.as_bytes()), read, "{written}");
            }
        }
    }

    #[test]
    fn capabilities_are_read_as_the_specification_defines_them() {
        let read = |raw: &str| Capabilities::read(raw.as_bytes());
        assert!(!read("{}").samples(false) && !read("{}").elicits(false));
        assert!(
            read(r#"{"sampling":{}}"#).samples(false) && !read(r#"{"sampling":{}}"#).samples(true)
        );
        assert!(read(r#"{"sampling":{"tools":{}}}"#).samples(true));
        let forms = read(r#"{"elicitation":{}}"#);
        assert!(forms.elicits(false) && !forms.elicits(true));
        let urls = read(r#"{"elicitation":{"url":{}}}"#);
        assert!(!urls.elicits(false) && urls.elicits(true));
    }
}
