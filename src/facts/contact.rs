//! Contacts: whom AWS writes to about security, billing and operations.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Fact, List, Observed, Origin, Source, leader_region};
use crate::facts;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::{account, organizations};

facts! {
    /// The contacts of an account.
    Contacts as "contacts" {
        /// The security contact; absent when none is set.
        security: Contact => [AccountGetAlternateContact];
        /// The billing contact; absent when none is set.
        billing: Contact => [AccountGetAlternateContact];
        /// The operations contact; absent when none is set.
        operations: Contact => [AccountGetAlternateContact];
        /// True when all three alternate contacts are set.
        are_complete: bool => [AccountGetAlternateContact];
        /// True when no two contacts share an e-mail address or a telephone number.
        are_distinct: bool => [AccountGetAlternateContact, AccountGetContactInformation, OrganizationsDescribeAccount];
        /// The alternate contacts that are set.
        alternate: List<Contact> => [AccountGetAlternateContact];
        /// The primary contact; absent when none is set.
        primary: PrimaryContact => [AccountGetContactInformation];
        /// The telephone number of the primary contact; absent when none is set.
        primary_phone: String => [AccountGetContactInformation];
        /// The root user's e-mail address, which only an organization tells.
        root_email: String => [OrganizationsDescribeAccount];
    }

    /// The primary contact, which AWS asks for when an account is made.
    PrimaryContact as "primary-contact" {
        /// The person or company; absent when it is not set.
        name: String => [AccountGetContactInformation];
        /// Members that AWS needs and that are not set, as in `PostalCode`.
        missing: List<String> => [AccountGetContactInformation];
        /// `VERIFIED`, `UNVERIFIED`, `PENDING` or `NOT_SUPPORTED`: whether AWS has called the telephone number; absent
        /// where AWS does not say.
        verification: String => [AccountGetContactInformation];
    }

    /// An alternate contact.
    Contact as "contact" {
        /// What the contact is for: `security`, `billing` or `operations`.
        name: String => [];
        /// The person or team.
        full_name: String => [AccountGetAlternateContact];
        /// The e-mail address.
        email: String => [AccountGetAlternateContact];
        /// The telephone number.
        phone: String => [AccountGetAlternateContact];
        /// True when name, e-mail address and telephone number are all set.
        is_complete: bool => [AccountGetAlternateContact];
        /// True when the address looks like one person's: by the contact's own name, or as `first.last` does.
        looks_personal: bool => [AccountGetAlternateContact];
    }
}

/// Builds the contacts.
pub(crate) fn build(snapshot: &Snapshot) -> Contacts {
    let [security, billing, operations] = ["SECURITY", "BILLING", "OPERATIONS"].map(|kind| contact(snapshot, kind));
    let primary = Source::<account::GetContactInformation>::global(snapshot);
    let primary_phone = primary.optional("/ContactInformation/PhoneNumber", |answer| {
        answer.contact_information.as_ref()?.phone_number.clone()
    });
    let root_email = root_email(snapshot);
    let three = [&security, &billing, &operations];
    Contacts {
        are_complete: super::link::all(three.map(is_set), &[]),
        are_distinct: distinct(three, &primary_phone, &root_email),
        alternate: alternate(three),
        security,
        billing,
        operations,
        primary: primary_contact(&primary),
        primary_phone,
        root_email,
    }
}

fn primary_contact(source: &Source<'_, account::GetContactInformation>) -> Fact<PrimaryContact> {
    let found = source.required("/ContactInformation", |answer| answer.contact_information.as_ref());
    found.map(|found| {
        let members = [
            ("FullName", &found.full_name),
            ("AddressLine1", &found.address_line1),
            ("City", &found.city),
            ("CountryCode", &found.country_code),
            ("PostalCode", &found.postal_code),
            ("PhoneNumber", &found.phone_number),
        ];
        let is_set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let missing = members.into_iter().filter(|(_, text)| !is_set(text)).map(|(member, _)| member.to_owned());
        PrimaryContact {
            name: source.optional("/ContactInformation/FullName", |_| found.full_name.clone()),
            missing: Fact::present(List::whole(missing.collect()), source.origin("/ContactInformation")),
            verification: source.optional("/VerificationStatus", |answer| answer.verification_status.clone()),
        }
    })
}

fn contact(snapshot: &Snapshot, kind: &str) -> Fact<Contact> {
    let request = [("AlternateContactType".to_owned(), Value::from(kind))];
    let region = leader_region(&snapshot.partition);
    let mut answers = snapshot.answers::<account::GetAlternateContact>();
    let asked =
        answers.find(|answer| answer.observation.request.get("AlternateContactType") == Some(&Value::from(kind)));
    let source = asked.map_or_else(|| Source::missing(region, request.into()), Source::from_answer);
    let found = source.required("/AlternateContact", |answer| answer.alternate_contact.as_ref());
    found.map(|found| {
        let full_name = source.required("/AlternateContact/Name", |_| found.name.clone());
        let email = source.required("/AlternateContact/EmailAddress", |_| found.email_address.clone());
        let phone = source.required("/AlternateContact/PhoneNumber", |_| found.phone_number.clone());
        let filled = [&full_name, &email, &phone].map(|fact| fact.clone().map(|text| !text.trim().is_empty()));
        Contact {
            name: Fact::derived(Observed::Present(kind.to_ascii_lowercase())),
            is_complete: super::link::all(filled, &[]),
            looks_personal: looks_personal(&full_name, &email),
            full_name,
            email,
            phone,
        }
    })
}

/// AWS knows the root user's address, but tells it only through the organization.
fn root_email(snapshot: &Snapshot) -> Fact<String> {
    let mut answers = snapshot.answers::<organizations::DescribeAccount>().map(Source::from_answer);
    let own = answers.find(|source| match source.state {
        Observed::Present(answer) => {
            answer.account.as_ref().and_then(|account| account.id.as_deref()) == Some(&snapshot.account)
        }
        Observed::Absent | Observed::Unknown(_) => true,
    });
    let source = own.unwrap_or_else(|| Source::missing(leader_region(&snapshot.partition), [].into()));
    source.required("/Account/Email", |answer| answer.account.as_ref()?.email.clone())
}

fn is_set(contact: &Fact<Contact>) -> Fact<bool> {
    match &contact.state {
        Observed::Present(contact) => contact.is_complete.clone(),
        Observed::Absent => Fact::present(false, contact.origin),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

fn alternate(contacts: [&Fact<Contact>; 3]) -> Fact<List<Contact>> {
    let mut list = List { items: Vec::new(), gaps: Vec::new() };
    for contact in contacts {
        match &contact.state {
            Observed::Present(contact) => list.items.push(contact.clone()),
            Observed::Absent => {}
            Observed::Unknown(gap) => list.gaps.push(gap.clone()),
        }
    }
    Fact::present(list, Origin::NONE)
}

/// Three values: two equal entries decide, whatever else is unknown; a missing contact decides too.
fn distinct(contacts: [&Fact<Contact>; 3], primary_phone: &Fact<String>, root_email: &Fact<String>) -> Fact<bool> {
    let emails = contacts.map(|contact| part(contact, |contact| contact.email.clone().map(|text| mailbox(&text))));
    let phones = contacts.map(|contact| part(contact, |contact| contact.phone.clone().map(|text| digits(&text))));
    // The address is compared where it is known: no call tells a standalone account's.
    let root = root_email.state.present().map(|text| Fact::present(mailbox(text), root_email.origin));
    let primary = primary_phone.clone().map(|text| digits(&text));
    let primary = (!matches!(primary.state, Observed::Absent)).then_some(primary);
    super::link::all(
        contacts
            .map(is_set)
            .into_iter()
            .chain([all_differ(emails.into_iter().chain(root)), all_differ(phones.into_iter().chain(primary))]),
        &[],
    )
}

fn part(contact: &Fact<Contact>, get: impl FnOnce(&Contact) -> Fact<String>) -> Fact<String> {
    match &contact.state {
        Observed::Present(contact) => get(contact),
        Observed::Absent => Fact::absent(contact.origin),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

fn all_differ(texts: impl Iterator<Item = Fact<String>>) -> Fact<bool> {
    let mut seen = BTreeSet::new();
    let mut gap = None;
    for text in texts {
        match text.state {
            Observed::Present(value) => {
                if !seen.insert(value) {
                    return Fact::present(false, text.origin);
                }
            }
            Observed::Absent => {}
            Observed::Unknown(reason) => gap = gap.or(Some(reason)),
        }
    }
    gap.map_or(Fact::derived(Observed::Present(true)), Fact::unknown)
}

/// Addresses differ in more than case.
fn mailbox(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Telephone numbers differ in more than spaces and signs.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Words that teams are called by; an address made of them is nobody's own.
const TEAM_WORDS: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "alert",
    "alerts",
    "aws",
    "billing",
    "cloud",
    "contact",
    "cost",
    "costs",
    "devops",
    "dl",
    "engineering",
    "finance",
    "finops",
    "group",
    "help",
    "helpdesk",
    "incident",
    "incidents",
    "info",
    "infosec",
    "infra",
    "it",
    "list",
    "mail",
    "noc",
    "office",
    "oncall",
    "operations",
    "ops",
    "payments",
    "platform",
    "root",
    "sec",
    "secops",
    "security",
    "shared",
    "soc",
    "sre",
    "support",
    "team",
    "tech",
];

fn looks_personal(full_name: &Fact<String>, email: &Fact<String>) -> Fact<bool> {
    let Observed::Present(address) = &email.state else { return email.clone().map(|_| false) };
    let local = address.split('@').next().unwrap_or_default().to_lowercase();
    let local = local.split('+').next().unwrap_or_default().to_owned();
    let words: Vec<&str> = local.split(['.', '_', '-']).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| TEAM_WORDS.contains(word)) {
        return Fact::present(false, email.origin);
    }
    if words.len() == 2 && words.iter().all(|word| word.chars().all(char::is_alphabetic)) {
        return Fact::present(true, email.origin);
    }
    let is_in_address = |name: &str| name.len() > 2 && !TEAM_WORDS.contains(&name) && local.contains(name);
    full_name.clone().map(|name| name.to_lowercase().split_whitespace().any(is_in_address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Fact<String> {
        Fact::present(value.to_owned(), Origin::NONE)
    }

    fn personal(name: &str, email: &str) -> bool {
        matches!(looks_personal(&text(name), &text(email)).state, Observed::Present(true))
    }

    #[test]
    fn an_address_with_the_contacts_own_name_or_two_names_is_personal() {
        assert!(personal("Jane Doe", "jane@example.com"));
        assert!(personal("Jane Doe", "jdoe@example.com"));
        assert!(personal("Head of IT", "mary.major@example.com"));
        assert!(!personal("Security Team", "security@example.com"));
        assert!(!personal("Anna Example", "it-security@example.com"));
        assert!(!personal("Cloud Team", "blue-otter-42@example.com"));
    }

    #[test]
    fn equal_entries_decide_whatever_is_unknown() {
        let unknown = Fact::unknown(super::super::Gap::of_reason("Undecided", "nobody knows"));
        let twice = [text("a"), unknown.clone(), text("a")];
        assert_eq!(all_differ(twice.into_iter()).state, Observed::Present(false));
        assert!(matches!(all_differ([text("a"), unknown].into_iter()).state, Observed::Unknown(_)));
        assert_eq!(mailbox(" Ops@Example.com"), "ops@example.com");
        assert_eq!(digits("+1 (206) 555-0100"), "12065550100");
    }
}
