//! A key as text: 32 bytes as base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::seal::DataKey;
use crate::secret::Secret;

/// Reads a key, in either alphabet of base64 and with or without padding.
pub(super) fn read(text: &Secret) -> Option<DataKey> {
    let text = text.reveal().trim();
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(text).ok())
        .map(Zeroizing::new)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(DataKey::new)
}

/// Writes a key down.
pub(super) fn write(key: &DataKey) -> Secret {
    Secret::new(STANDARD.encode(key.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_of_any_base64() {
        let key = DataKey::new([0xfb; 32]);
        let text = write(&key).reveal().to_owned();
        let unpadded = text.trim_end_matches('=').to_owned();
        let url = text.replace('+', "-").replace('/', "_");
        for good in [&text, &unpadded, &url, &format!(" {text}\n")] {
            let read = read(&Secret::new(good.as_str()));
            assert_eq!(read.map(|key| *key.bytes()), Some([0xfb; 32]), "{good}");
        }
        for bad in ["", "c2hvcnQ=", "not base64 at all!", &"A".repeat(60)] {
            assert!(read(&Secret::new(bad)).is_none(), "{bad}");
        }
    }
}
