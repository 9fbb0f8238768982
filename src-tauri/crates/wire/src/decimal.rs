//! JSON numbers compared by their value and not by their spelling, exactly and whatever their size.

/// A number that is not zero as `digits × 10^exponent`, without zeros at either end of `digits`;
/// zero has none.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Whether two texts are JSON numbers of the same value.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    matches!((Decimal::read(a), Decimal::read(b)), (Some(a), Some(b)) if a == b)
}

/// An integer without fraction and exponent; `None` where `number` is none, or needs more digits
/// than integers in JSON can rely on (RFC 8259, section 6: 2^53 has sixteen).
pub(crate) fn integer(number: &str) -> Option<String> {
    const DIGITS: usize = 16;
    let read = Decimal::read(number)?;
    let zeros = usize::try_from(read.exponent).ok()?;
    if read.digits.len().checked_add(zeros)? > DIGITS {
        return None;
    }
    if read.digits.is_empty() {
        return Some("0".to_owned());
    }
    let sign = if read.negative { "-" } else { "" };
    Some(format!("{sign}{}{}", read.digits, "0".repeat(zeros)))
}

impl Decimal {
    /// `None` for what is no JSON number, and for exponents that no number in use has.
    fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                digits(unsigned)?;
                (mantissa, exponent.parse::<i64>().ok()?)
            }
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (digits(whole)?, digits(fraction)?),
            None => (digits(mantissa)?, ""),
        };
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let all = [whole, fraction].concat();
        let significant = all.trim_start_matches('0');
        let short = significant.trim_end_matches('0');
        if short.is_empty() {
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let moved = i64::try_from(significant.len() - short.len()).ok()?;
        let exponent = exponent
            .checked_sub(i64::try_from(fraction.len()).ok()?)?
            .checked_add(moved)?;
        Some(Self {
            negative,
            digits: short.to_owned(),
            exponent,
        })
    }
}

/// The same text, if it is one digit or more.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spelling_does_not_count() {
        for (a, b) in [
            ("42", "42.0"),
            ("42", "4.2e1"),
            ("42", "0.42E+2"),
            ("-7", "-70e-1"),
            ("0", "-0.00e5"),
            ("9007199254740993", "9007199254740993.0"),
            ("1e999999999", "10e999999998"),
        ] {
            assert!(equal(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("42", "-42"),
            ("42", "43"),
            ("42", "420"),
            ("9007199254740993", "9007199254740992"),
            ("42", "042"),
            ("42", "+42"),
            ("42", " 42"),
            ("42", "0x2a"),
            ("42", "42."),
            ("42", "42e"),
            ("42", "42e+-0"),
            ("", ""),
            ("a", "a"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ] {
            assert!(!equal(a, b), "{a} {b}");
        }
    }

    #[test]
    fn integers_are_written_without_fraction_and_exponent() {
        for (number, written) in [
            ("42", Some("42")),
            ("-7.0", Some("-7")),
            ("1e3", Some("1000")),
            ("-0", Some("0")),
            ("9007199254740991", Some("9007199254740991")),
            ("12345678901234567890", None),
            ("1e999999999999", None),
            ("3.5", None),
        ] {
            assert_eq!(integer(number).as_deref(), written, "{number}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_value_that_a_parser_reads(number in "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,4})?([eE][+-]?[0-9])?", other in "-?[0-9]{1,2}(\\.0)?") {
            let value: f64 = number.parse().expect("a number");
            let integer = integer(&number).map(|text| text.parse::<f64>().expect("a number"));
            prop_assert_eq!(integer, (value.fract() == 0.0).then_some(value));
            let json = serde_json::from_str::<serde_json::Value>(&other).is_ok();
            prop_assert_eq!(equal(&number, &other), json && other.parse() == Ok(value));
        }
    }
}
