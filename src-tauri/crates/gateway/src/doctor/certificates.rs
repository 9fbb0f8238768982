//! Variables that name files of certificates: whether the files are there and hold any.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::finding::Finding;
use crate::words::Words;

/// Variables of which the value is one PEM file, and who reads them.
const FILES: [&str; 5] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
];
/// A bundle of a whole system has a few hundred kilobytes.
const LARGEST: u64 = 16 << 20;

/// What a variable's file is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bundle {
    /// So many certificates.
    Certificates(usize),
    /// No such file.
    Missing,
    /// The system does not let it be read.
    Unreadable(String),
    /// There is no certificate in it.
    NoCertificate,
}

/// Reads the files that an environment names.
pub(super) fn gather(var: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String, Bundle)> {
    let set = FILES.into_iter().filter_map(|name| {
        let value = var(name).filter(|value| !value.is_empty())?;
        let bundle = read(Path::new(&value));
        Some((name, value, bundle))
    });
    set.collect()
}

fn read(path: &Path) -> Bundle {
    let text = std::fs::metadata(path).and_then(|metadata| {
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(io::Error::other("it is not a file of certificates"));
        }
        std::fs::read(path)
    });
    match text {
        Ok(bytes) => match certificates(&String::from_utf8_lossy(&bytes)) {
            0 => Bundle::NoCertificate,
            count => Bundle::Certificates(count),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Bundle::Missing,
        Err(error) => Bundle::Unreadable(error.to_string()),
    }
}

/// How many certificates a PEM text holds (RFC 7468): their base64 must be DER, which begins with
/// a SEQUENCE.
fn certificates(text: &str) -> usize {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split_once("-----END CERTIFICATE-----"));
    let is_certificate = |(body, _): &(&str, &str)| {
        let body: String = body.split_ascii_whitespace().collect();
        STANDARD
            .decode(body)
            .is_ok_and(|der| der.first() == Some(&0x30))
    };
    bodies.filter(is_certificate).count()
}

/// Judges what was gathered.
pub(super) fn judge(bundles: &[(&str, String, Bundle)]) -> Vec<Finding> {
    if bundles.is_empty() {
        return vec![Finding::ok(
            "certificates",
            Words::new(
                "No certificates of one's own are set; the system's are used",
                "没有设置自定义证书；使用系统证书",
            ),
        )];
    }
    bundles.iter().map(one).collect()
}

fn one((name, value, bundle): &(&str, String, Bundle)) -> Finding {
    let id = format!("certificates:{name}");
    let (why_en, why_zh) = match bundle {
        Bundle::Certificates(count) => {
            return Finding::ok(
                id,
                Words::new(
                    format!("{name} names {value}, which holds {count} certificates"),
                    format!("{name} 指定的 {value} 中有 {count} 个证书"),
                ),
            );
        }
        Bundle::Missing => ("there is no such file".to_owned(), "文件不存在".to_owned()),
        Bundle::Unreadable(error) => (error.clone(), error.clone()),
        Bundle::NoCertificate => (
            "it holds no certificate in PEM form".to_owned(),
            "其中没有 PEM 格式的证书".to_owned(),
        ),
    };
    Finding::problem(
        id,
        Words::new(
            format!("The certificates that {name} names cannot be used"),
            format!("{name} 指定的证书无法使用"),
        ),
    )
    .because(Words::new(
        format!("{value}: {why_en}"),
        format!("{value}：{why_zh}"),
    ))
    .remedy(Words::new(
        format!("name a PEM file that has the certificates of your network, or unset {name}; then start the gateway again"),
        format!("请指定包含所在网络证书的 PEM 文件，或取消 {name}；然后重新启动网关"),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn only_whole_certificates_count() {
        let good = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(good), 1);
        assert_eq!(certificates(&format!("# mine\n{good}{good}")), 2);
        assert_eq!(certificates("-----BEGIN CERTIFICATE-----\nMIIB"), 0);
        let html = good.replace("MIIB", "<p>!");
        assert_eq!(certificates(&html), 0);
        assert_eq!(certificates(""), 0);
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_a_problem() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing").expect("written");
        let missing = folder.path().join("missing.pem");
        let path = |path: &Path| Some(path.display().to_string());
        let gathered = gather(|name| match name {
            "SSL_CERT_FILE" => path(&empty),
            "NODE_EXTRA_CA_CERTS" => path(&missing),
            "CURL_CA_BUNDLE" => path(folder.path()),
            _ => None,
        });
        let kinds: Vec<_> = gathered.iter().map(|(_, _, bundle)| bundle).collect();
        assert!(
            matches!(
                kinds[..],
                [
                    Bundle::NoCertificate,
                    Bundle::Missing,
                    Bundle::Unreadable(_)
                ]
            ),
            "{kinds:?}"
        );
        let findings = judge(&gathered);
        assert!(
            findings
                .iter()
                .all(|finding| finding.severity == Severity::Problem)
        );
        assert_eq!(judge(&[])[0].severity, Severity::Ok);
    }
}
