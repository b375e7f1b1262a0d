//! What the account's policies let its principals do, as facts: who administers it, who reads its bills.

use std::collections::HashSet;

use super::iam_engine::Engine;
use super::iam_glance::{Glance, billing_actions};
use super::iam_user::IamUser;
use super::resource::Resource;
use super::{Fact, List, Observed};
use crate::facts;
use crate::iam::access::{Access, BUDGET_ACTIONS};
use crate::iam::account::{Boundary, Principal, PrincipalKind};
use crate::iam::document::Rule;
use crate::iam::{Effect, Keys, PrincipalBlock, Truth, policy};

facts! {
    /// What the account's policies let its principals do.
    AccountAccess as "account-access" {
        /// How somebody other than root administers the account: a group with administrator rights and a member, or a
        /// role with administrator rights that people can assume; absent when there is neither.
        admin_path: String => [IamGetAccountAuthorizationDetails];
        /// A user, group or role that may see and change budgets; absent when there is none.
        budget_manager: String => [IamGetAccountAuthorizationDetails];
        /// A user, group or role that may read bills, costs or budgets; absent when there is none.
        billing_reader: String => [IamGetAccountAuthorizationDetails];
        /// True when the account has IAM users.
        has_users: bool => [IamGetAccountAuthorizationDetails, IamGetCredentialReport];
        /// Users with a password or an active access key who may do more than set up MFA without it.
        users_without_mfa_policy: List<String> => [IamGetAccountAuthorizationDetails, IamGetCredentialReport];
    }
}

impl Engine {
    /// The facts of the account as a whole.
    pub(crate) fn of_account(&self, users: &List<Resource<IamUser>>) -> AccountAccess {
        let groups = self.group_members();
        AccountAccess {
            admin_path: Fact::new(self.admin_path(&groups), self.origin),
            budget_manager: Fact::new(self.somebody(&groups, |glance| glance.budgets, can_manage_budgets), self.origin),
            billing_reader: Fact::new(self.somebody(&groups, |glance| glance.billing, can_read_billing), self.origin),
            has_users: has_users(users),
            users_without_mfa_policy: Fact::new(Observed::Present(users_without_mfa_policy(users)), self.origin),
        }
    }

    /// For each group a user who has nothing but its policies.
    pub(super) fn group_members(&self) -> Vec<Principal> {
        let member = |(name, group): (&str, &crate::iam::account::Group)| Principal {
            kind: PrincipalKind::User,
            arn: group.arn.as_str().into(),
            name: name.to_owned(),
            id: None,
            policies: Box::default(),
            groups: Box::new([name.into()]),
            boundary: Boundary::None,
            trust: None,
            instance_profiles: None,
            tags: None,
            unknown: group.unknown.clone(),
        };
        self.account.groups().iter().map(member).collect()
    }

    /// The first principal or group of which something holds; absent when it holds of none. `may_hold` tells whether it
    /// may, going by the look of the policies.
    fn somebody(
        &self,
        groups: &[Principal],
        may_hold: impl Fn(Glance) -> bool,
        holds: impl Fn(&Access<'_>) -> Truth,
    ) -> Observed<String> {
        let mut doubts = Keys::default();
        let own = self.account.principals().iter().filter(|principal| !principal.is_service_linked());
        let may_hold = |principal: &&Principal| self.glance(principal).is_none_or(&may_hold);
        for principal in groups.iter().chain(own).filter(may_hold) {
            match holds(&self.access(principal)) {
                Truth::True => return Observed::Present(principal.arn.to_string()),
                Truth::False => {}
                Truth::Unknown(keys) => doubts.add(&keys),
            }
        }
        self.nobody(&doubts)
    }

    fn nobody(&self, doubts: &Keys) -> Observed<String> {
        if doubts.is_empty() && self.gaps.is_empty() { Observed::Absent } else { Observed::Unknown(self.doubt(doubts)) }
    }

    fn admin_path(&self, groups: &[Principal]) -> Observed<String> {
        let mut doubts = Keys::default();
        let principals = self.account.principals();
        let with_members: HashSet<&str> =
            principals.iter().flat_map(|principal| principal.groups.iter().map(AsRef::as_ref)).collect();
        for group in groups {
            match self.is_admin(group) {
                Truth::True if with_members.contains(group.name.as_str()) => {
                    return Observed::Present(group.arn.to_string());
                }
                Truth::True | Truth::False => {}
                Truth::Unknown(keys) => doubts.add(&keys),
            }
        }
        for role in principals.iter().filter(|role| role.kind == PrincipalKind::Role) {
            let for_people = role.trust.is_none_or(|trust| self.account.rules(trust).iter().any(lets_people_in));
            if !for_people || role.is_service_linked() {
                continue;
            }
            match (self.is_admin(role), role.trust) {
                (Truth::False, _) => {}
                (Truth::True, Some(_)) => return Observed::Present(role.arn.to_string()),
                (Truth::True, None) => doubts.insert(&format!("the trust policy of {}", role.name)),
                (Truth::Unknown(keys), _) => doubts.add(&keys),
            }
        }
        self.nobody(&doubts)
    }
}

fn can_manage_budgets(access: &Access<'_>) -> Truth {
    BUDGET_ACTIONS.iter().fold(Truth::True, |all, action| match all {
        Truth::False => Truth::False,
        all => all.and(access.can(action).truth),
    })
}

fn can_read_billing(access: &Access<'_>) -> Truth {
    billing_actions().fold(Truth::False, |any, action| match any {
        Truth::True => Truth::True,
        any => any.or(access.can(action).truth),
    })
}

/// True for statements of a trust policy that let in people: principals of AWS accounts, or a provider of identities
/// that is not a build system's.
fn lets_people_in(rule: &Rule) -> bool {
    let for_people = |principal: &policy::Principal| match principal {
        policy::Principal::Everyone => true,
        policy::Principal::Listed { kind: policy::PrincipalKind::Aws, .. } => true,
        policy::Principal::Listed { kind: policy::PrincipalKind::Federated, value } => {
            !value.contains("token.actions.githubusercontent.com")
        }
        policy::Principal::Listed { .. } => false,
    };
    rule.effect == Effect::Allow
        && match &rule.principal {
            PrincipalBlock::Principal(list) => list.iter().any(for_people),
            PrincipalBlock::NotPrincipal(_) => true,
            PrincipalBlock::None => false,
        }
}

fn has_users(users: &List<Resource<IamUser>>) -> Fact<bool> {
    match (users.items.is_empty(), users.gaps.first()) {
        (false, _) => Fact::derived(Observed::Present(true)),
        (true, None) => Fact::derived(Observed::Present(false)),
        (true, Some(gap)) => Fact::unknown(gap.clone()),
    }
}

fn users_without_mfa_policy(users: &List<Resource<IamUser>>) -> List<String> {
    let mut list = List { items: Vec::new(), gaps: users.gaps.clone() };
    for user in &users.items {
        match without_mfa_policy(&user.facts) {
            Observed::Present(true) => list.items.extend(user.facts.name.state.present().cloned()),
            Observed::Present(false) | Observed::Absent => {}
            Observed::Unknown(gap) => list.gaps.push(gap),
        }
    }
    list.gaps.sort();
    list.gaps.dedup();
    list
}

/// Whether a user has a credential and may use it for more than setting up MFA without MFA.
fn without_mfa_policy(user: &IamUser) -> Observed<bool> {
    let has_key = user.access_keys.state.as_ref().and_then(|keys| {
        let mut verdict = Observed::Present(false);
        for key in &keys.items {
            match &key.active.state {
                Observed::Present(true) => return Observed::Present(true),
                Observed::Unknown(gap) => verdict = Observed::Unknown(gap.clone()),
                Observed::Present(false) | Observed::Absent => {}
            }
        }
        verdict
    });
    let credential = match (&user.password_enabled.state, &has_key) {
        (Observed::Present(true), _) | (_, Observed::Present(true)) => Observed::Present(true),
        (Observed::Unknown(gap), _) | (_, Observed::Unknown(gap)) => Observed::Unknown(gap.clone()),
        _ => Observed::Present(false),
    };
    match (credential, &user.mfa_enforced.state) {
        (Observed::Present(false) | Observed::Absent, _) | (_, Observed::Present(true)) => Observed::Present(false),
        (Observed::Present(true), Observed::Present(false)) => Observed::Present(true),
        (Observed::Unknown(gap), _) => Observed::Unknown(gap),
        (_, Observed::Unknown(gap)) => Observed::Unknown(gap.clone()),
        (_, Observed::Absent) => Observed::Absent,
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::iam_engine::tests::{details, people, snapshot};
    use crate::facts::{Facts, Observed};

    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*:*","Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    const WITHOUT_MFA_NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:EnableMFADevice","sts:GetSessionToken"],
        "Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;

    fn facts(groups: &str, roles: &str) -> Facts {
        let details = details(&format!(
            r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":["people"],
            "AttachedManagedPolicies":[],"CreateDate":"2025-01-01T00:00:00Z"}}],
            "GroupDetailList":[{groups}],"RoleDetailList":[{roles}],"Policies":[]"#
        ));
        Facts::build(&snapshot(&[details]), None)
    }

    fn role(trusted: &str) -> String {
        format!(
            r#"{{"RoleName":"boss","Arn":"arn:aws:iam::123456789012:role/boss","AttachedManagedPolicies":[
            {{"PolicyName":"AdministratorAccess","PolicyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}}],"RolePolicyList":[],
            "AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{trusted},
            "Action":"sts:AssumeRole"}}]}}}}"#
        )
    }

    #[test]
    fn a_group_with_administrator_rights_and_a_member_administers_the_account() {
        let facts = facts(&people(&[EVERYTHING]), "");
        let access = facts.account.facts.iam.state.present().unwrap().access.state.present().unwrap();
        let group = Observed::Present("arn:aws:iam::123456789012:group/people".to_owned());
        assert_eq!(access.admin_path.state, group);
        assert_eq!(access.budget_manager.state, group);
        assert_eq!(access.billing_reader.state, group);
        let ann = &facts.users.items[0].facts;
        assert_eq!(ann.is_admin.state, Observed::Present(true));
        assert_eq!(ann.mfa_enforced.state, Observed::Present(false));
    }

    #[test]
    fn a_deny_without_mfa_enforces_it_and_leaves_the_administrator_one() {
        let facts = facts(&people(&[EVERYTHING, WITHOUT_MFA_NOTHING]), "");
        let ann = &facts.users.items[0].facts;
        assert_eq!(ann.is_admin.state, Observed::Present(true));
        assert_eq!(ann.mfa_enforced.state, Observed::Present(true));
    }

    #[test]
    fn a_role_counts_when_people_can_assume_it() {
        let admin = |trusted: &str| {
            let facts = facts(&people(&[]), &role(trusted));
            let access = facts.account.facts.iam.state.present().unwrap().access.state.present().unwrap();
            access.admin_path.state.clone()
        };
        let boss = Observed::Present("arn:aws:iam::123456789012:role/boss".to_owned());
        assert_eq!(admin(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#), boss);
        assert_eq!(admin(r#"{"Federated":"arn:aws:iam::123456789012:saml-provider/idp"}"#), boss);
        assert_eq!(admin(r#"{"Service":"ec2.amazonaws.com"}"#), Observed::Absent);
        let github = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
        assert_eq!(admin(&format!(r#"{{"Federated":"{github}"}}"#)), Observed::Absent);
    }

    #[test]
    fn inline_policies_show_what_they_grant() {
        let facts = facts(&people(&[EVERYTHING]), "");
        let policy = &facts.policies().items[0];
        assert_eq!(policy.id, "arn:aws:iam::123456789012:group/people/inline-policy/p0");
        assert_eq!(policy.facts.grants_everything.state, Observed::Present(true));
        assert_eq!(policy.facts.whole_services.state.present().unwrap().items, ["s3"]);
        let group = facts.principals().items.iter().find(|one| one.id.ends_with("group/people")).unwrap();
        assert_eq!(group.facts.inline_policies.state.present().unwrap().items.len(), 1);
        assert_eq!(facts.groups.items[0].facts.members.state.present().unwrap().items, ["ann"]);
    }
}
