//! Taking ARNs apart.

/// The six parts of an ARN, or of a pattern in its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, ….
    pub partition: &'a str,
    /// The service prefix.
    pub service: &'a str,
    /// The Region; empty where the service has none.
    pub region: &'a str,
    /// The account; empty where the service leaves it out.
    pub account: &'a str,
    /// All the rest, colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text; `None` unless it starts with `arn:` and has six parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        (parts.next()? == "arn").then_some(())?;
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// True for twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:logs:us-east-1:123456789012:log-group:x:*").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource), ("logs", "123456789012", "log-group:x:*"));
        assert_eq!(Arn::parse("arn:aws:s3:::b").unwrap().account, "");
    }

    #[test]
    fn fewer_than_six_parts_are_no_arn() {
        assert_eq!(Arn::parse("arn:aws:s3::b"), None);
        assert_eq!(Arn::parse("*"), None);
        assert!(!is_account("12345678901x"));
    }
}
