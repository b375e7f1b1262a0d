//! The policy engine's answers as facts: who administers the account, what policies grant, and how they escalate.
//!
//! What needs all principals at once is worked out when a rule first asks for it ([`Policies`] and [`Principals`] are
//! built on demand), because on large accounts it costs more than everything else.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use rayon::prelude::*;

use super::authorization;
use super::iam_escalation::Escalations;
use super::iam_glance::{Glance, Look, billing_actions, surely_beyond_mfa};
use super::iam_policy::IamPolicy;
use super::iam_user::{AT_ONCE, IamUser};
use super::resource::{Kind, Resource};
use super::{Fact, Gap, List, MALFORMED, Observed, Origin, UNDECIDED};
use crate::facts;
use crate::iam::access::{Access, BUDGET_ACTIONS};
use crate::iam::account::{Account, Attached, Boundary, DocumentId, Principal, PrincipalKind};
use crate::iam::document::Rule;
use crate::iam::pattern::Pattern;
use crate::iam::shared::Answers;
use crate::iam::{Effect, Keys, PrincipalBlock, Truth, policy};
use crate::snapshot::{Said, Snapshot, shapes::iam};

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

/// The principals and policies of a snapshot, ready for questions.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) account: Account,
    /// Managed policies by ARN: whether they are attached to anything, where AWS says so.
    pub(super) attached: BTreeMap<String, Option<bool>>,
    /// Why there may be more.
    pub(super) gaps: Vec<Gap>,
    /// Where the answers begin.
    pub(super) origin: Origin,
    /// The control policies of the organization, as far as the snapshot holds them.
    pub(super) guardrails: Account,
    /// What a look at each document tells, by its position.
    glances: Vec<Glance>,
    /// Whether policies insist on MFA, and whether they administer the account.
    insists: Answers<Truth>,
    admins: Answers<Truth>,
    escalations: OnceLock<Escalations>,
    /// Of users, by the position of the principal: whether they administer the account, and whether their policies insist on MFA. Empty
    /// unless it was worked out ahead.
    users: Vec<Option<[Truth; 2]>>,
}

/// What authorization details tell by themselves, worked out before the rest of the snapshot is there.
#[derive(Debug)]
pub struct Ahead(Engine);

impl Ahead {
    /// Works out what rules on things of these kinds ask first. The snapshot may hold no more than the authorization details.
    pub fn of(details: &Snapshot, kinds: &[&Kind]) -> Self {
        let mut engine = Engine::read(details);
        let of_user = |principal: &Principal| (principal.kind == PrincipalKind::User).then(|| engine.judge(principal));
        engine.users = engine.account.principals().par_iter().with_min_len(AT_ONCE).map(of_user).collect();
        if kinds.iter().any(|kind| kind.schema == IamPolicy::SCHEMA) {
            engine.escalations();
        }
        Self(engine)
    }

    /// Completes it by the snapshot of which the authorization details were a part; what was worked out of another is of no use.
    pub(super) fn complete(self, snapshot: &Snapshot) -> Engine {
        let account = &self.0.account;
        if account.id != snapshot.account || account.now != Some(snapshot.collected_at) {
            return Engine::read(snapshot);
        }
        let origin = first_answer(snapshot);
        Engine { origin, guardrails: super::iam_question::guardrails(snapshot), ..self.0 }
    }
}

/// See [`Engine::is_small`].
const FEW: usize = 500;

impl Engine {
    /// How principals could become administrator, worked out once.
    pub(super) fn escalations(&self) -> &Escalations {
        self.escalations.get_or_init(|| Escalations::read(&self.account))
    }

    /// The same, if anybody asked for it yet.
    pub(super) fn known_escalations(&self) -> Option<&Escalations> {
        self.escalations.get()
    }

    /// Whether there are so few principals that their ways to administrator take one processor milliseconds.
    pub(super) fn is_small(&self) -> bool {
        self.account.principals().len() <= FEW
    }

    /// Reads the authorization details of a snapshot.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let mut builder = Account::builder(&snapshot.account, &snapshot.partition, Some(snapshot.collected_at));
        for answer in snapshot.answers::<iam::GetAccountAuthorizationDetails>() {
            if let Said::Present(details) = answer.said {
                builder.add(details, &authorization::filters(answer.observation));
            }
        }
        let policies = authorization::policies(snapshot);
        let attached = policies.items.iter().filter_map(|policy| {
            Some((policy.detail.arn.clone()?, policy.detail.attachment_count.map(|count| count > 0)))
        });
        let mut engine = Self {
            account: builder.build(),
            attached: attached.collect(),
            gaps: policies.gaps,
            origin: first_answer(snapshot),
            guardrails: super::iam_question::guardrails(snapshot),
            glances: Vec::new(),
            insists: Answers::default(),
            admins: Answers::default(),
            escalations: OnceLock::new(),
            users: Vec::new(),
        };
        let look = Look::everything();
        let documents = (0..engine.account.document_count()).map(DocumentId::at);
        engine.glances = documents.map(|document| Glance::at(engine.account.rules(document), look)).collect();
        engine.gaps.extend(authorization::users(snapshot).gaps);
        engine.gaps.extend(authorization::groups(snapshot).gaps);
        engine.gaps.extend(authorization::roles(snapshot).gaps);
        let unread = engine.account.unread().iter();
        engine.gaps.extend(unread.map(|reason| Gap::of_reason(MALFORMED, reason.clone())));
        engine.gaps.sort();
        engine.gaps.dedup();
        engine
    }

    /// Whether a user administers the account, and whether its policies insist on MFA; `None` for a user that the
    /// authorization details do not hold.
    pub(crate) fn of_user(&self, arn: &str) -> Option<(Observed<bool>, Observed<bool>)> {
        let position = self.account.position(arn)?;
        let known = self.users.get(position).cloned().flatten();
        let [admin, enforced] = match known {
            Some(known) => known,
            None => self.judge(self.account.principals().get(position)?),
        };
        Some((self.observed(admin), self.observed(enforced)))
    }

    /// Whether a principal administers the account, and whether its policies insist on MFA.
    fn judge(&self, principal: &Principal) -> [Truth; 2] {
        let enforced =
            if self.is_plainly_without_mfa(principal) { Truth::False } else { self.insists_on_mfa(principal) };
        [self.is_admin(principal), enforced]
    }

    /// Whether the policies of a principal insist on MFA, worked out once for all with the same.
    fn insists_on_mfa(&self, principal: &Principal) -> Truth {
        let access = Access::new(&self.account, principal).without_what_awaits_mfa();
        // What is settled without the statements that add nothing is settled; what it depends on, they may tell otherwise.
        let fewer = access.clone().without_needless();
        let settled = fewer.basis().map(|basis| self.insists.get(basis, || fewer.mfa().enforced));
        if let Some(settled @ (Truth::True | Truth::False)) = settled.as_deref() {
            return settled.clone();
        }
        let work_out = || access.mfa().enforced;
        match access.basis() {
            Some(basis) => self.insists.get(basis, work_out).as_ref().clone(),
            None => work_out(),
        }
    }

    /// Whether a look at the policies of a principal shows that they give more than setting up MFA without it.
    fn is_plainly_without_mfa(&self, principal: &Principal) -> bool {
        let bounds = self.account.bounds(principal);
        if !self.glance(principal).is_some_and(|glance| glance.beyond_mfa)
            || bounds.iter().any(|bound| !bound.unknown().is_empty())
        {
            return false;
        }
        let rules = |document: DocumentId| self.account.rules(document);
        let identity: Vec<&Rule> = self.documents(principal).flat_map(rules).collect();
        let of_bound = |policies: &[&Attached]| -> Vec<&Rule> {
            policies.iter().filter_map(|attached| attached.document).flat_map(rules).collect()
        };
        let bounds: Vec<Vec<&Rule>> = bounds.iter().map(|bound| of_bound(&bound.policies)).collect();
        surely_beyond_mfa(&identity, &bounds, Look::everything())
    }

    /// The documents of the identity policies of a principal that are known.
    fn documents<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = DocumentId> + 'a {
        let groups = principal.groups.iter().filter_map(|name| self.account.groups().get(name.as_ref()));
        let policies = principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()));
        policies.filter_map(|attached| attached.document)
    }

    /// What a look at the policies of a principal tells; `None` where some of them are not known.
    fn glance(&self, principal: &Principal) -> Option<Glance> {
        let glances = self.documents(principal).filter_map(|document| self.glances.get(document.index()).copied());
        principal.unknown.is_empty().then(|| glances.fold(Glance::default(), Glance::and))
    }

    /// Whether a principal has full control of IAM.
    fn is_admin(&self, principal: &Principal) -> Truth {
        match self.glance(principal) {
            Some(glance) if !glance.iam => Truth::False,
            _ => {
                let access = self.access(principal).without_needless_to_administer();
                match access.basis() {
                    Some(basis) => self.admins.get(basis, || access.is_admin()).as_ref().clone(),
                    None => access.is_admin(),
                }
            }
        }
    }

    /// What a principal can do at best: whoever may register a device can meet a condition on MFA.
    fn access<'a>(&'a self, principal: &'a Principal) -> Access<'a> {
        Access::new(&self.account, principal).with_mfa()
    }

    pub(super) fn observed(&self, truth: Truth) -> Observed<bool> {
        match truth {
            Truth::True => Observed::Present(true),
            Truth::False => Observed::Present(false),
            Truth::Unknown(keys) => Observed::Unknown(self.doubt(&keys)),
        }
    }

    /// The call that did not answer, else what the documents leave open.
    fn doubt(&self, keys: &Keys) -> Gap {
        let open = keys.iter().collect::<Vec<_>>().join(", ");
        self.gaps
            .first()
            .cloned()
            .unwrap_or_else(|| Gap::of_reason(UNDECIDED, format!("what the policies allow depends on {open}")))
    }

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
        let member = |(name, group): (&String, &crate::iam::account::Group)| Principal {
            kind: PrincipalKind::User,
            arn: group.arn.as_str().into(),
            name: name.clone(),
            id: None,
            policies: Box::default(),
            groups: Box::new([name.as_str().into()]),
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
        for group in groups {
            let has_member = self
                .account
                .principals()
                .iter()
                .any(|principal| principal.groups.iter().any(|own| **own == *group.name));
            match self.is_admin(group) {
                Truth::True if has_member => return Observed::Present(group.arn.to_string()),
                Truth::True | Truth::False => {}
                Truth::Unknown(keys) => doubts.add(&keys),
            }
        }
        for role in self.account.principals().iter().filter(|role| role.kind == PrincipalKind::Role) {
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

    /// Whether a document has a statement that allows everything on everything without a condition.
    pub(super) fn grants_everything(&self, document: Option<DocumentId>) -> Observed<bool> {
        self.statements(document).map(|rules| {
            rules.iter().any(|rule| {
                let (actions, resources) = (&rule.actions, &rule.resources.fixed);
                rule.effect == Effect::Allow
                    && rule.conditions.is_empty()
                    && !actions.excluded
                    && actions.list.iter().any(is_every_action)
                    && !resources.excluded
                    && resources.list.iter().any(Pattern::is_anything)
            })
        })
    }

    /// The statements of a document; unknown when it could not be read.
    pub(super) fn statements(&self, document: Option<DocumentId>) -> Observed<&[Rule]> {
        match document {
            Some(document) => Observed::Present(self.account.rules(document)),
            None => Observed::Unknown(self.gaps.first().cloned().unwrap_or_else(|| {
                Gap::of_reason(MALFORMED, "the policy's document is not in the answers or cannot be read")
            })),
        }
    }
}

/// The first answer that holds authorization details.
fn first_answer(snapshot: &Snapshot) -> Origin {
    let mut answers = snapshot.answers::<iam::GetAccountAuthorizationDetails>();
    let present = answers.find(|answer| matches!(answer.said, Said::Present(_)));
    present.map_or(Origin::NONE, |answer| Origin::at(answer.index, ""))
}

fn is_every_action(pattern: &Pattern) -> bool {
    static EVERY: LazyLock<Pattern> = LazyLock::new(|| Pattern::action("*:*"));
    pattern.is_anything() || *pattern == *EVERY
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
    use proptest::prelude::*;

    use super::{Access, Ahead, Engine, Truth};
    use crate::facts::{Facts, KINDS, Kind, Observed, Oracle, Question};
    use crate::snapshot::{Snapshot, SnapshotReader};

    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*:*","Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    const WITHOUT_MFA_NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:EnableMFADevice","sts:GetSessionToken"],
        "Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;

    const WITHIN_THE_ORGANIZATION: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}},{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;

    fn facts(groups: &str, roles: &str) -> Facts {
        let details = details(&format!(
            r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":["people"],
            "AttachedManagedPolicies":[],"CreateDate":"2025-01-01T00:00:00Z"}}],
            "GroupDetailList":[{groups}],"RoleDetailList":[{roles}],"Policies":[]"#
        ));
        Facts::build(&snapshot(&[details]), None)
    }

    /// The observation of authorization details with these members.
    fn details(members: &str) -> String {
        format!(
            r#"{{"service":"iam","operation":"GetAccountAuthorizationDetails","region":"us-east-1","response":{{{members}}}}}"#
        )
    }

    /// A snapshot of these observations.
    fn snapshot(observations: &[String]) -> Snapshot {
        let text = format!(
            r#"{{"format":"posture-snapshot/1","collector":"test","collected_at":"2026-01-01T00:00:00Z",
            "account":"123456789012","partition":"aws","caller":"arn:aws:iam::123456789012:user/auditor","regions":[],
            "observations":[{}]}}"#,
            observations.join(",")
        );
        let bytes = std::io::Cursor::new(text.into_bytes());
        SnapshotReader::from_reader("test".to_owned(), Box::new(bytes)).unwrap().next().unwrap().unwrap()
    }

    #[test]
    fn what_is_worked_out_ahead_is_completed_by_the_rest_of_the_snapshot() {
        let details = details(&format!(
            r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":["people"],
            "AttachedManagedPolicies":[]}}],"GroupDetailList":[{}],"RoleDetailList":[],"Policies":[]"#,
            people(&[WITHIN_THE_ORGANIZATION])
        ));
        let member = r#"{"service":"organizations","operation":"DescribeOrganization","region":"us-east-1","response":{"Organization":
            {"Id":"o-abc","MasterAccountId":"123456789012","FeatureSet":"ALL"}}}"#;
        // It stands before the details, so that these stand elsewhere than in the part.
        let alias = r#"{"service":"account","operation":"GetContactInformation","region":"us-east-1","error":{"code":"AccessDenied"}}"#;
        let whole = snapshot(&[alias.to_owned(), details.clone(), member.to_owned()]);
        let kinds: Vec<&Kind> = KINDS.iter().collect();
        let ahead = Ahead::of(&snapshot(&[details]), &kinds);
        assert!(ahead.0.known_escalations().is_some());
        let facts = Facts::build_to_list(&whole, None, &kinds, Some(ahead));
        let otherwise = Facts::build(&whole, None);
        assert_eq!(format!("{:?}", facts.users), format!("{:?}", otherwise.users));
        assert_eq!(format!("{:?}", facts.account), format!("{:?}", otherwise.account));
        assert_eq!(format!("{:?}", facts.policies()), format!("{:?}", otherwise.policies()));
        assert_eq!(format!("{:?}", facts.principals()), format!("{:?}", otherwise.principals()));
        let ann = Some("arn:aws:iam::123456789012:user/ann");
        let question = Question { who: ann, action: "s3:GetObject", resource: None, without_mfa: false };
        // Which organization that is stands in the rest alone.
        assert_eq!(facts.can(&question), Observed::Present(true));
        assert_eq!(facts.can(&question), otherwise.can(&question));
        assert_eq!((facts.origin().observation, otherwise.origin().observation), (Some(1), Some(1)));
        let mut other = snapshot(&[]);
        other.account = "999999999999".to_owned();
        let mistaken = Facts::build_to_list(&whole, None, &kinds, Some(Ahead::of(&other, &kinds)));
        assert_eq!(format!("{:?}", mistaken.users), format!("{:?}", otherwise.users));
    }

    fn people(policies: &[&str]) -> String {
        let inline: Vec<String> = policies
            .iter()
            .enumerate()
            .map(|(number, document)| format!(r#"{{"PolicyName":"p{number}","PolicyDocument":{document}}}"#))
            .collect();
        format!(
            r#"{{"GroupName":"people","Arn":"arn:aws:iam::123456789012:group/people","AttachedManagedPolicies":[],
            "GroupPolicyList":[{}]}}"#,
            inline.join(",")
        )
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

    /// A statement: whether it allows, its actions, its resource, and on what it depends.
    type Said = (bool, &'static str, &'static str, &'static str);

    fn said() -> impl Strategy<Value = Said> {
        let actions = prop::sample::select(vec![
            r#""*""#,
            r#""iam:*""#,
            r#""iam:Get*""#,
            r#""iam:EnableMFADevice""#,
            r#""s3:*""#,
            r#""s3:Get*""#,
            r#""S3:g*","sts:*""#,
            r#""ec2:Describe*","iam:*User""#,
            r#""i*:*""#,
        ]);
        let resources =
            prop::sample::select(vec!["*", "arn:aws:s3:::a/*", "arn:aws:iam::123456789012:user/${aws:username}"]);
        let conditions = prop::sample::select(vec![
            "",
            r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
            r#","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        ]);
        (prop::bool::weighted(0.7), actions, resources, conditions)
    }

    fn document(said: &[Said]) -> String {
        let statement = |(allows, actions, resource, condition): &Said| {
            let effect = if *allows { "Allow" } else { "Deny" };
            format!(r#"{{"Effect":"{effect}","Action":[{actions}],"Resource":"{resource}"{condition}}}"#)
        };
        let statements: Vec<String> = said.iter().map(statement).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    proptest! {
        #[test]
        fn a_glance_says_what_the_engine_says(
            own in prop::collection::vec(said(), 0..5),
            boundary in prop::option::of(prop::collection::vec(said(), 0..3)),
        ) {
            let bounded = boundary.is_some();
            let boundary = document(&boundary.unwrap_or_default());
            let arn = "arn:aws:iam::123456789012:policy/b";
            let limit = format!(r#","PermissionsBoundary":{{"PermissionsBoundaryArn":"{arn}"}}"#);
            let details = details(&format!(
                r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":[],
                "AttachedManagedPolicies":[],"UserPolicyList":[{{"PolicyName":"own","PolicyDocument":{}}}]{}}}],
                "GroupDetailList":[],"RoleDetailList":[],"Policies":[{{"Arn":"{arn}","DefaultVersionId":"v1",
                "PolicyVersionList":[{{"VersionId":"v1","Document":{boundary}}}]}}]"#,
                document(&own), if bounded { &limit } else { "" }
            ));
            let engine = Engine::read(&snapshot(&[details]));
            let ann = engine.account.principal("arn:aws:iam::123456789012:user/ann").unwrap();
            if engine.is_plainly_without_mfa(ann) {
                prop_assert_eq!(Access::new(&engine.account, ann).mfa().enforced, Truth::False);
            }
            prop_assert_eq!(engine.insists_on_mfa(ann), Access::new(&engine.account, ann).mfa().enforced);
            prop_assert_eq!(engine.is_admin(ann), engine.access(ann).is_admin());
        }
    }
}
