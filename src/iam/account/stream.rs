//! The account straight from a snapshot's text: each user, group, role and policy is brought into its small form as it is
//! read, so that the whole answer never lies in memory beside its text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::Account;
use super::build::{Builder, GROUPS, Lists, POLICIES, ROLES, USERS};
use super::snapshot::filter;
use crate::snapshot::shapes::iam;
use crate::snapshot::{Operation, ReadError, Snapshot, SnapshotText};

impl Account {
    /// As [`Account::from_snapshot`], with less memory.
    pub fn from_text(text: &SnapshotText) -> Result<Self, ReadError> {
        match streamed(text) {
            Some(account) => Ok(account),
            // What is wrong, and where, the ordinary way says.
            None => Ok(Self::from_snapshot(&text.parse()?)),
        }
    }
}

fn streamed(text: &SnapshotText) -> Option<Account> {
    let (snapshot, answers) = text.parse_apart(Operation::IamGetAccountAuthorizationDetails).ok()?;
    let Snapshot { account, partition, collected_at, .. } = &snapshot;
    let mut builder = Account::builder(account, partition, Some(*collected_at));
    for answer in answers {
        let lists = read(answer.response, &mut builder).ok()?;
        builder.told(&lists, &filter(answer.request.get("Filter")));
    }
    let mut account = builder.build();
    account.read_organization(&snapshot);
    Some(account)
}

fn read(text: &str, builder: &mut Builder) -> serde_json::Result<Lists> {
    let mut answer = serde_json::Deserializer::from_str(text);
    let lists = answer.deserialize_map(Answer { builder })?;
    answer.end()?;
    Ok(lists)
}

struct Answer<'b> {
    builder: &'b mut Builder,
}

impl<'de> Visitor<'de> for Answer<'_> {
    type Value = Lists;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Lists, A::Error> {
        let builder = self.builder;
        let mut lists = Lists::default();
        let mut seen = Vec::new();
        while let Some(member) = members.next_key::<Cow<'de, str>>()? {
            let known = [USERS, GROUPS, ROLES, POLICIES, "IsTruncated", "Marker"];
            let Some(known) = known.into_iter().find(|known| *known == member) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&known) {
                return Err(A::Error::duplicate_field(known));
            }
            seen.push(known);
            let is_list = match known {
                USERS => members.next_value_seed(each(|user: iam::UserDetail| builder.user(&user)))?,
                GROUPS => members.next_value_seed(each(|group: iam::GroupDetail| builder.group(&group)))?,
                ROLES => members.next_value_seed(each(|role: iam::RoleDetail| builder.role(&role)))?,
                POLICIES => {
                    members.next_value_seed(each(|policy: iam::ManagedPolicyDetail| builder.policy(&policy)))?
                }
                "IsTruncated" => {
                    lists.truncated = members.next_value::<Option<bool>>()? == Some(true);
                    false
                }
                _ => {
                    members.next_value::<Option<String>>()?;
                    false
                }
            };
            if is_list {
                lists.held.insert(known);
            }
        }
        Ok(lists)
    }
}

/// A list of which each item is handed on as it is read; tells whether there is a list at all.
struct List<T, F> {
    take: F,
    items: PhantomData<T>,
}

fn each<T, F: FnMut(T)>(take: F) -> List<T, F> {
    List { take, items: PhantomData }
}

impl<'de, T: DeserializeOwned, F: FnMut(T)> DeserializeSeed<'de> for List<T, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T)> Visitor<'de> for List<T, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<bool, A::Error> {
        while let Some(item) = items.next_element()? {
            (self.take)(item);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::SnapshotReader;

    fn text(response: &str) -> SnapshotText {
        let text = format!(
            r#"{{"format":"posture-snapshot/1","collector":"test","collected_at":"2026-01-01T00:00:00Z","account":"111122223333",
            "partition":"aws","caller":"arn:aws:iam::111122223333:user/a","regions":[],"observations":[
            {{"service":"iam","operation":"GetAccountAuthorizationDetails","region":"us-east-1","request":{{"Filter":["Role"]}},
            "response":{{"RoleDetailList":[{{"RoleName":"ann","Arn":"arn:aws:iam::111122223333:role/ann"}}]}}}},
            {{"service":"iam","operation":"GetAccountAuthorizationDetails","region":"us-east-1","response":{response}}}]}}"#
        );
        let bytes = std::io::Cursor::new(text.into_bytes());
        SnapshotReader::from_reader("s".to_owned(), Box::new(bytes)).unwrap().next_text().unwrap().unwrap()
    }

    #[test]
    fn the_text_and_the_parsed_snapshot_give_the_same_account() {
        let policies = r#""Policies":[{"Arn":"arn:aws:iam::111122223333:policy/p","DefaultVersionId":"v1","PolicyVersionList":[
            {"VersionId":"v1","Document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}}]}]"#;
        let user = r#"{"UserName":"ann","Arn":"arn:aws:iam::111122223333:user/ann","GroupList":["g"],"Tags":[{"Key":"a","Value":"b"}],
            "AttachedManagedPolicies":[{"PolicyArn":"arn:aws:iam::111122223333:policy/p"}],"UserPolicyList":[
            {"PolicyName":"own","PolicyDocument":"%7B"}]}"#;
        for response in [
            format!(r#"{{"UserDetailList":[{user}],"RoleDetailList":[],"Other":[{{}}],{policies}}}"#),
            format!(
                r#"{{{policies},"GroupDetailList":[],"UserDetailList":[{user},{user}],"IsTruncated":true,"Marker":"m"}}"#
            ),
            r#"{"UserDetailList":null}"#.to_owned(),
            "{}".to_owned(),
        ] {
            let text = text(&response);
            let whole = Account::from_snapshot(&text.parse().unwrap());
            let streamed = streamed(&text).unwrap();
            assert_eq!(format!("{streamed:?}"), format!("{whole:?}"), "{response}");
        }
    }

    #[test]
    fn what_the_parser_refuses_is_refused_with_the_same_words() {
        for response in [
            "[]",
            r#"{"UserDetailList":{}}"#,
            r#"{"UserDetailList":[{"UserName":1}]}"#,
            r#"{"Policies":[],"Policies":[]}"#,
            r#"{"IsTruncated":"no"}"#,
        ] {
            let text = text(response);
            assert!(streamed(&text).is_none(), "{response}");
            let said = Account::from_text(&text).map(|_| ()).unwrap_err().to_string();
            assert_eq!(said, text.parse().unwrap_err().to_string(), "{response}");
        }
    }
}
