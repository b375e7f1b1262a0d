//! The account's password policy. Without one AWS's default applies, which the console documents but no API prints:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>.

use super::{Fact, Observed, Source};
use crate::facts;
use crate::snapshot::{Snapshot, shapes::iam};

facts! {
    /// The custom password policy of the account.
    PasswordPolicy as "password-policy" {
        /// Least number of characters.
        minimum_length: i64 => [IamGetAccountPasswordPolicy];
        /// True when a symbol is required.
        require_symbols: bool => [IamGetAccountPasswordPolicy];
        /// True when a digit is required.
        require_numbers: bool => [IamGetAccountPasswordPolicy];
        /// True when an upper-case letter is required.
        require_uppercase: bool => [IamGetAccountPasswordPolicy];
        /// True when a lower-case letter is required.
        require_lowercase: bool => [IamGetAccountPasswordPolicy];
        /// True when users may change their own password.
        allow_users_to_change: bool => [IamGetAccountPasswordPolicy];
        /// True when passwords expire.
        expire_passwords: bool => [IamGetAccountPasswordPolicy];
        /// Days after which a password expires; absent when passwords do not expire.
        max_age_days: i64 => [IamGetAccountPasswordPolicy];
        /// Number of former passwords that may not be used again; absent when reuse is allowed.
        reuse_prevention: i64 => [IamGetAccountPasswordPolicy];
    }
}

/// Builds the password policy; absent when the account has none of its own.
pub(crate) fn build(snapshot: &Snapshot) -> Fact<PasswordPolicy> {
    let source = Source::<iam::GetAccountPasswordPolicy>::global(snapshot);
    let policy = source.required("/PasswordPolicy", |answer| answer.password_policy.as_ref());
    let origin = policy.origin;
    policy.map(|policy| {
        // AWS prints every flag; only the two numbers are left out when they are not set.
        let flag = |pointer: &'static str, value: Option<bool>| source.required(pointer, |_| value);
        let number = |pointer: &'static str, value: Option<i64>| {
            let state = value.map_or(Observed::Absent, Observed::Present);
            Fact::new(state, origin.pointing(pointer))
        };
        PasswordPolicy {
            minimum_length: source
                .required("/PasswordPolicy/MinimumPasswordLength", |_| policy.minimum_password_length),
            require_symbols: flag("/PasswordPolicy/RequireSymbols", policy.require_symbols),
            require_numbers: flag("/PasswordPolicy/RequireNumbers", policy.require_numbers),
            require_uppercase: flag("/PasswordPolicy/RequireUppercaseCharacters", policy.require_uppercase_characters),
            require_lowercase: flag("/PasswordPolicy/RequireLowercaseCharacters", policy.require_lowercase_characters),
            allow_users_to_change: flag(
                "/PasswordPolicy/AllowUsersToChangePassword",
                policy.allow_users_to_change_password,
            ),
            expire_passwords: flag("/PasswordPolicy/ExpirePasswords", policy.expire_passwords),
            max_age_days: number("/PasswordPolicy/MaxPasswordAge", policy.max_password_age),
            reuse_prevention: number("/PasswordPolicy/PasswordReusePrevention", policy.password_reuse_prevention),
        }
    })
}
